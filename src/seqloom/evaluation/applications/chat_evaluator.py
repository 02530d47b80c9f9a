"""Evaluation of chat replies: overlap with the reference, diversity, and a nearest-neighbor baseline."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seqloom.corpus.dialogue_context import TURN
from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.text_evaluator import NEAREST
from seqloom.evaluation.applications.translation_evaluator import TranslationEvaluator
from seqloom.evaluation.baselines import nearest_baseline
from seqloom.evaluation.diversity import DIVERSITY, diversity_scores
from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.plots import diversity_bars, length_histogram
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.evaluation.test_slices import Slice
from seqloom.progress import Progress
from seqloom.recipe.applications import CHAT

PEOPLE = "people"  # the references, next to the systems


class ChatEvaluator(TranslationEvaluator):
    """BLEU and chrF against one reference, of the many good replies, and diversity."""

    kind = CHAT

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Answer with the reply to the most similar last turn of the training split."""
        train_turns, test_turns = ([last_turn(text) for text in side] for side in (train["source"], test.sources))
        return {NEAREST: {"prediction": nearest_baseline(train_turns, train["target"].tolist(), test_turns, progress)}}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute the metrics of the corpus, and diversity."""
        return {**super().scores(replies, test), **diversity_scores(replies["prediction"], test.language)}

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:
        """Return the perplexity."""
        return {"perplexity": likelihood.perplexity}

    def slices(self, test: EvalSet) -> list[Slice]:
        """Return slices by length, by file, and by the number of turns in the context."""
        by_turns: dict[int, list[int]] = {}
        for row, source in enumerate(test.sources):
            by_turns.setdefault(source.count(TURN) + 1, []).append(row)
        turns = [Slice(f"{turns} turns before", rows, "turns") for turns, rows in sorted(by_turns.items())]
        return super().slices(test) + turns

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Plot the diversity and the lengths of replies."""
        answers = {**{name: replies["prediction"] for name, replies in systems.items()}, PEOPLE: test.references}
        measures = [measure for measure in self.kind.metrics if measure.name in DIVERSITY]
        shares = {}
        for name, texts in answers.items():
            scores = diversity_scores(texts, test.language)
            shares[name] = [scores[measure.name].value for measure in measures]
        diversity_bars(shares, self.kind.baselines, measures, folder / "diversity.png")
        length_histogram(test.references, systems[MODEL]["prediction"], folder / "lengths.png")


def last_turn(context: str) -> str:
    """Return the last turn of a context."""
    return context.rpartition(TURN)[2].lstrip()
