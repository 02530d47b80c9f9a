"""Evaluation of translation: sacreBLEU metrics, and nearest-neighbor and copy baselines."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.text_evaluator import TextEvaluator
from seqloom.evaluation.baselines import nearest_baseline
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.paired_bootstrap import SufficientStatistics, count
from seqloom.evaluation.sacrebleu_scores import METRICS, Score, sentence_chrf, text_scores
from seqloom.progress import Progress
from seqloom.recipe.applications import TRANSLATION


class TranslationEvaluator(TextEvaluator):
    """BLEU, chrF and TER, as far as the application declares them."""

    kind = TRANSLATION
    plotted = "chrf"
    short = False  # True if texts may be shorter than BLEU's n-grams

    def nearest(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> list[str]:
        """Return the target of the most similar training source by n-grams of characters."""
        return nearest_baseline(train["source"].tolist(), train["target"].tolist(), test.sources, progress)

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute the metrics of the corpus."""
        declared = [measure.name for measure in self.kind.metrics if measure.name in METRICS]
        return text_scores(declared, replies["prediction"], test.references, test.language, self.short)

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return sacreBLEU's statistics of each row."""
        return count(metric, replies["prediction"], test.references, test.language, self.short)

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return the chrF of each row."""
        return {"chrf": sentence_chrf(replies["prediction"], test.references)}

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Return the quality of each row by its chrF."""
        chrf = self.kind.judged["chrf"]
        values = sentence_chrf(replies["prediction"], test.references)
        return [Merit(value, f"{chrf.label} {chrf.shown(value)}") for value in values]
