"""Evaluation of text reconstruction: exact match, overlap, and a nearest-neighbor baseline."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.text_evaluator import NEAREST
from seqloom.evaluation.applications.translation_evaluator import TranslationEvaluator
from seqloom.evaluation.baselines import nearest_baseline
from seqloom.evaluation.paired_bootstrap import SufficientStatistics, exact_matches
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.progress import Progress
from seqloom.recipe.applications import RECONSTRUCTION

EXACT = "exact_match"
_SIGNATURE = "share of texts that come back letter by letter"


class ReconstructionEvaluator(TranslationEvaluator):
    """The metrics of translation, and exact match."""

    kind = RECONSTRUCTION
    short = True

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Answer with the most similar training text; a copy baseline would score 100."""
        texts = train["source"].tolist()
        return {NEAREST: {"prediction": nearest_baseline(texts, texts, test.sources, progress)}}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute exact match, and the metrics of the corpus."""
        exact = Score(EXACT, self.count(EXACT, replies, test).value, _SIGNATURE)
        return {EXACT: exact, **super().scores(replies, test)}

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return the statistics of exact match, or sacreBLEU's."""
        if metric == EXACT:
            return exact_matches(replies["prediction"], test.references)
        return super().count(metric, replies, test)

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return exact match and the chrF of each row."""
        exact = [text == wanted for text, wanted in zip(replies["prediction"], test.references, strict=True)]
        return {"exact": exact, **super().by_row(replies, test)}
