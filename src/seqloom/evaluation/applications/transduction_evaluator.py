"""Evaluation of string transduction: exact match and error rates, where a source may have several right answers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.text_evaluator import NEAREST, TextEvaluator
from seqloom.evaluation.edit_distance import SOURCES, Split, error_rate, nearest_by_edits
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.paired_bootstrap import SufficientStatistics, mean_of
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.progress import Progress
from seqloom.recipe.applications import TRANSDUCTION

EXACT, SYMBOLS, CHARACTERS = "exact_match", "symbol_error_rate", "character_error_rate"
_SPLITS: Mapping[str, Split] = {SYMBOLS: str.split, CHARACTERS: list}
_SIGNATURES = {
    EXACT: "share of rows whose answer is one of the references of their source",
    SYMBOLS: "edits of what stands between spaces, in relation to the nearest reference (WER)",
    CHARACTERS: "edits of characters, in relation to the nearest reference (CER)",
}


class TransductionEvaluator(TextEvaluator):
    """Exact match, symbol and character error rate."""

    kind = TRANSDUCTION
    plotted = EXACT

    def nearest(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> list[str]:
        """Return the target of the training source with the fewest edits."""
        return nearest_by_edits(train["source"].tolist(), train["target"].tolist(), test.sources, progress)

    def baseline_bounds(self, train: pd.DataFrame) -> dict[str, str]:
        """Say how many training rows the nearest source is looked for in."""
        return {NEAREST: f"of the first {SOURCES:,} of {len(train):,} training rows"} if len(train) > SOURCES else {}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute exact match and both error rates."""
        return {name: Score(name, self.count(name, replies, test).value, _SIGNATURES[name]) for name in _SIGNATURES}

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return exact match, or the edits and symbols of each row."""
        answers, right = replies["prediction"], alternatives_of(test)
        if metric == EXACT:
            return mean_of(np.array([float(answer in each) for answer, each in zip(answers, right, strict=True)]))
        return error_rate(answers, right, _SPLITS[metric])

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return exact match and the character error rate of each row."""
        edits = np.asarray(self.count(CHARACTERS, replies, test).rows)
        exact = [answer in each for answer, each in zip(replies["prediction"], alternatives_of(test), strict=True)]
        return {"exact": exact, CHARACTERS: (edits[:, 0] / np.maximum(edits[:, 1], 1)).round(4).tolist()}

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Return the quality of each row by its character error rate."""
        rates: Sequence[float] = self.by_row(replies, test)[CHARACTERS]
        return [Merit(-rate, "right" if rate == 0 else f"character error {rate:.0%}") for rate in rates]


def alternatives_of(test: EvalSet) -> list[set[str]]:
    """Return all right answers to the source of each row: the references of the rows that have the same source."""
    right: dict[str, set[str]] = defaultdict(set)
    for source, reference in zip(test.sources, test.references, strict=True):
        right[source].add(reference)
    return [right[source] for source in test.sources]
