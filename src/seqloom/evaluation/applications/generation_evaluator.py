"""Evaluation of language models: perplexity against a Kneser-Ney baseline, and diversity of continuations."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqloom.corpus.running_text import join_lines, restore_lines
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.diversity import diversity_scores
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.kneser_ney_baseline import WordModel, split_words
from seqloom.evaluation.paired_bootstrap import Figures, SufficientStatistics
from seqloom.evaluation.perplexity import Likelihood, perplexity
from seqloom.evaluation.plots import perplexity_by_passage
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.evaluation.test_slices import Slice
from seqloom.progress import Progress
from seqloom.recipe.applications import GENERATION

WORDS, CHARACTERS = "word_perplexity", "character_perplexity"
DISTINCT = ("distinct1", "distinct2")
_CONTINUATION = 50  # words that the n-gram model writes behind each passage
_SHOWN = 120  # characters of a passage in reports
_PARTS = ("first", "second", "third", "last")
_SIGNATURES = {
    WORDS: "e to the mean loss of a word: what stands between spaces, a letter of a script without spaces, and each "
    "line's end; each passage behind a line's end; unknown words are spelt, too",
    CHARACTERS: "e to the mean loss of a character, each line's end one of them; each passage behind a line's end; "
    "unknown words are spelt, too",
}


class GenerationEvaluator(Evaluator):
    """Perplexity per word and character, and distinct-1 and distinct-2 of the continuations."""

    kind = GENERATION

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Score and continue the passages with a Kneser-Ney n-gram model."""
        progress(0, None, "words", "Kneser-Ney baseline")
        model, random = WordModel(train["target"]), np.random.default_rng(1)
        written = [restore_lines(model.write(text, _CONTINUATION, random)) for text in test.references]
        return {"kneser_ney": {"prediction": written, "log_probability": model.log_probabilities(test.references)}}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute perplexity and diversity."""
        values = {name: self.count(name, replies, test).value for name in (WORDS, CHARACTERS)}
        scores = {name: Score(name, value, _SIGNATURES[name]) for name, value in values.items()}
        diversity = diversity_scores(replies["prediction"], test.language)
        return scores | {name: diversity[name] for name in DISTINCT}

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return the loss of each passage, and its number of words or characters."""
        texts = test.references
        units = [len(split_words(text)) if metric == WORDS else len(restore_lines(text)) for text in texts]
        return perplexity(replies["log_probability"], units)

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:
        """Return the perplexity per token of the test split as one text."""
        return {"perplexity": likelihood.perplexity}

    def slices(self, test: EvalSet) -> list[Slice]:
        """Return slices by quarter of the text, file and column; passages have about equal lengths."""
        parts = np.array_split(np.arange(len(test.references)), len(_PARTS))
        quarters = [
            Slice(f"{name} quarter", part.tolist(), "place")
            for name, part in zip(_PARTS, parts, strict=True)
            if len(part)
        ]
        return quarters + [part for part in super().slices(test) if part.by in ("file", "column")]

    def shown(self, replies: Replies, test: EvalSet) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Return the end of each passage, how the text continues, and the continuation of the model."""
        ends = [_end(text) for text in test.references]
        written = [_beginning(join_lines(text)) for text in replies["prediction"]]
        return ends, [*map(_beginning, test.references[1:]), ""], written

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return the log-probability and the perplexity per word of each passage."""
        counts = self.count(WORDS, replies, test)
        each: Figures = np.exp(counts.rows[:, 0] / counts.rows[:, 1])
        return {"log_probability": replies["log_probability"], WORDS: each.tolist()}

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Return the quality of each row by its perplexity, lower is better."""
        measure = self.kind.judged[WORDS]
        values = self.by_row(replies, test)[WORDS]
        return [Merit(-value, f"{measure.label} {measure.shown(value)}") for value in values]

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Plot perplexity along the test text."""
        counts = {system: self.count(WORDS, replies, test) for system, replies in systems.items()}
        perplexity_by_passage(counts, self.kind.baselines, folder / "perplexity_by_passage.png")


def _beginning(text: str) -> str:
    """Return the beginning of a text, cut between words, or letters in a script without spaces."""
    return text if len(text) <= _SHOWN else text[:_SHOWN].rpartition(" ")[0] or text[:_SHOWN]


def _end(text: str) -> str:
    """Return the end of a text, cut likewise."""
    return text if len(text) <= _SHOWN else text[-_SHOWN:].partition(" ")[2] or text[-_SHOWN:]
