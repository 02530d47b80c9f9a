"""How well text is foreseen.

N passages.
"""

import math
from collections.abc import Sequence

import numpy as np

from seqloom.evaluation.significance import Figures, SufficientStatistics

_LARGEST_LOSS = 700.0  # nats; e to the 710th is no longer a float


def perplexity(log_probabilities: Sequence[float], units: Sequence[int]) -> SufficientStatistics:
    """E to the mean loss of a unit (words, say), of passages with so many units each and these log-probabilities."""
    rows = np.stack([-np.array(log_probabilities, dtype=np.float64), np.array(units, dtype=np.float64)], axis=1)
    return SufficientStatistics(rows, _of_sums)


def _of_sums(sums: Figures) -> float:
    return math.exp(min(float(sums[0] / max(sums[1], 1.0)), _LARGEST_LOSS))
