"""Text that goes on, measured by how well the test is foreseen, beside an n-gram model, and by how varied it is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqloom.corpus.running_text import join_lines, restore_lines
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.diversity import diversity_scores
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.likelihood import Likelihood
from seqloom.evaluation.perplexity import perplexity
from seqloom.evaluation.plots import perplexity_by_place
from seqloom.evaluation.scores import Score
from seqloom.evaluation.significance import Figures, SufficientStatistics
from seqloom.evaluation.slices import Slice
from seqloom.evaluation.word_model import WordModel, cut
from seqloom.progress import Progress
from seqloom.recipe.applications import GENERATION

WORDS, CHARACTERS = "word_perplexity", "character_perplexity"
VARIED = ("distinct1", "distinct2")
_WRITTEN = 50  # words of the n-gram model behind each passage
_SHOWN = 120  # characters of a passage that people are shown
_PARTS = ("first", "second", "third", "last")
_SIGNATURES = {
    WORDS: "e to the mean loss of a word: what stands between spaces, a letter of a script without spaces, and each "
    "line's end; each passage behind a line's end; unknown words are spelt, too",
    CHARACTERS: "e to the mean loss of a character, each line's end one of them; each passage behind a line's end; "
    "unknown words are spelt, too",
}


class GenerationEvaluator(Evaluator):
    """Perplexity of the test text, and the share of different words and pairs in what was written behind it."""

    kind = GENERATION

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """The best that counting can do."""
        progress(0, None, "words", "Kneser-Ney baseline")
        model, random = WordModel(train["target"]), np.random.default_rng(1)
        written = [restore_lines(model.write(text, _WRITTEN, random)) for text in test.references]
        return {"kneser_ney": {"prediction": written, "log_probability": model.log_probabilities(test.references)}}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """All that answers tell."""
        figures = {name: self.count(name, replies, test).figure for name in (WORDS, CHARACTERS)}
        scores = {name: Score(name, figure, _SIGNATURES[name]) for name, figure in figures.items()}
        varied = diversity_scores(replies["prediction"], test.language)
        return scores | {name: varied[name] for name in VARIED}

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """The loss of each passage, and its words or characters."""
        texts = test.references
        units = [len(cut(text)) if metric == WORDS else len(restore_lines(text)) for text in texts]
        return perplexity(replies["log_probability"], units)

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:
        """The whole test as one text, token by token."""
        return {"perplexity": likelihood.perplexity}

    def slices(self, test: EvalSet) -> list[Slice]:
        """Quarters of the text, and its files: passages are all of about one length."""
        parts = np.array_split(np.arange(len(test.references)), len(_PARTS))
        quarters = [
            Slice(f"{name} quarter", part.tolist(), "place")
            for name, part in zip(_PARTS, parts, strict=True)
            if len(part)
        ]
        return quarters + [part for part in super().slices(test) if part.by == "file"]

    def shown(self, replies: Replies, test: EvalSet) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """How each passage ends, how the text goes on, and how the model does."""
        ends = [_end(text) for text in test.references]
        written = [_beginning(join_lines(text)) for text in replies["prediction"]]
        return ends, [*map(_beginning, test.references[1:]), ""], written

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """The log-probability of each, and its perplexity."""
        counts = self.count(WORDS, replies, test)
        each: Figures = np.exp(counts.rows[:, 0] / counts.rows[:, 1])
        return {"log_probability": replies["log_probability"], WORDS: each.tolist()}

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """By how well each passage was foreseen."""
        measure = self.kind.judged[WORDS]
        figures = self.by_row(replies, test)[WORDS]
        return [Merit(-figure, f"{measure.label} {measure.shown(figure)}") for figure in figures]

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Where in the text it is hard to foresee."""
        counts = {system: self.count(WORDS, replies, test) for system, replies in systems.items()}
        perplexity_by_place(counts, self.kind.baselines, folder / "perplexity_by_passage.png")


def _beginning(text: str) -> str:
    """As many of its words as people are shown; of a script without spaces, letters."""
    return text if len(text) <= _SHOWN else text[:_SHOWN].rpartition(" ")[0] or text[:_SHOWN]


def _end(text: str) -> str:
    """As many of its last words."""
    return text if len(text) <= _SHOWN else text[-_SHOWN:].partition(" ")[2] or text[-_SHOWN:]
