"""Filter by word alignment: how well the two sides of a pair fit, by a model of the corpus itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.filters.pair_filter import PairColumns, PairFilter, TextPair
from seqloom.corpus.word_alignment import WordAlignment


@dataclass(frozen=True)
class AlignmentScore(PairFilter):
    """The sides of a pair have an alignment score of at least `least`; pairs without a known word are kept."""

    least: float
    model: WordAlignment

    def suspects(self, columns: PairColumns) -> NDArray[np.bool_]:
        """Return which scores `(N,)` are too low."""
        too_low: NDArray[np.bool_] = self.model.scores(columns.pairs) < self.least  # nan is not
        return too_low

    def problem(self, pair: TextPair) -> str:
        """Return the score, if it is too low."""
        (score,) = self.model.scores([pair]).tolist()
        return f"alignment score {score:.2f}" if score < self.least else ""
