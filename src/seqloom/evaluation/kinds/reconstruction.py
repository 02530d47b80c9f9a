"""Texts written back from their vectors, measured beside the most similar text of the training split."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seqloom.evaluation.baselines import nearest_baseline
from seqloom.evaluation.comparing import Counts, exact_matches
from seqloom.evaluation.kinds.judge import HeldOut, Replies
from seqloom.evaluation.kinds.translation import NEAREST, TranslationJudge
from seqloom.evaluation.scores import Score
from seqloom.progress import Progress
from seqloom.recipe.kinds.reconstruction import RECONSTRUCTION

EXACT = "exact_match"
_SIGNATURE = "share of texts that come back letter by letter"


class ReconstructionJudge(TranslationJudge):
    """A translation into the same language, and the share of texts that come back letter by letter."""

    kind = RECONSTRUCTION
    short = True

    def baselines(self, train: pd.DataFrame, test: HeldOut, progress: Progress) -> dict[str, Replies]:
        """A look-up; to copy the text would be the task itself, with no vector to pass through."""
        texts = train["source"].tolist()
        return {NEAREST: {"prediction": nearest_baseline(texts, texts, test.sources, progress)}}

    def scores(self, replies: Replies, test: HeldOut) -> dict[str, Score]:
        """Of the corpus."""
        exact = Score(EXACT, self.count(EXACT, replies, test).figure, _SIGNATURE)
        return {EXACT: exact, **super().scores(replies, test)}

    def count(self, metric: str, replies: Replies, test: HeldOut) -> Counts:
        """Texts that came back, or what sacreBLEU adds up."""
        if metric == EXACT:
            return exact_matches(replies["prediction"], test.references)
        return super().count(metric, replies, test)

    def by_row(self, replies: Replies, test: HeldOut) -> dict[str, Sequence[Any]]:
        """Whether it came back, and the chrF of each."""
        exact = [text == wanted for text, wanted in zip(replies["prediction"], test.references, strict=True)]
        return {"exact": exact, **super().by_row(replies, test)}
