"""Replies, measured beside the reply to the most similar question of the training split, and by how much they vary."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seqloom.corpus.conversation import TURN
from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.translation_evaluator import NEAREST, TranslationEvaluator
from seqloom.evaluation.baselines import nearest_baseline
from seqloom.evaluation.diversity import DIVERSITY, diversity_scores
from seqloom.evaluation.likelihood import Likelihood
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.plots import diversity_bars, length_histogram
from seqloom.evaluation.scores import Score
from seqloom.evaluation.slices import Slice
from seqloom.progress import Progress
from seqloom.recipe.applications import CHAT

PEOPLE = "people"  # what they said, beside the systems


class ChatEvaluator(TranslationEvaluator):
    """BLEU and chrF as of translations, with one reference where there are many good replies; and diversity."""

    kind = CHAT

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """A look-up of the last turn: what was replied to the one most like it."""
        questions, asked = ([last_turn(text) for text in side] for side in (train["source"], test.sources))
        return {NEAREST: {"prediction": nearest_baseline(questions, train["target"].tolist(), asked, progress)}}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Of the corpus."""
        return {**super().scores(replies, test), **diversity_scores(replies["prediction"], test.language)}

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:
        """The perplexity."""
        return {"perplexity": likelihood.perplexity}

    def slices(self, test: EvalSet) -> list[Slice]:
        """By length, by file, and by how many turns the reply could look back to."""
        by_turns: dict[int, list[int]] = {}
        for row, source in enumerate(test.sources):
            by_turns.setdefault(source.count(TURN) + 1, []).append(row)
        turns = [Slice(f"{turns} turns before", rows, "turns") for turns, rows in sorted(by_turns.items())]
        return super().slices(test) + turns

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """How much replies vary, and how long they are."""
        said = {**{name: replies["prediction"] for name, replies in systems.items()}, PEOPLE: test.references}
        measures = [measure for measure in self.kind.metrics if measure.name in DIVERSITY]
        shares = {}
        for name, texts in said.items():
            scores = diversity_scores(texts, test.language)
            shares[name] = [scores[measure.name].value for measure in measures]
        diversity_bars(shares, self.kind.baselines, measures, folder / "diversity.png")
        length_histogram(test.references, systems[MODEL]["prediction"], folder / "lengths.png")


def last_turn(context: str) -> str:
    """What was said last."""
    return context.rpartition(TURN)[2].lstrip()
