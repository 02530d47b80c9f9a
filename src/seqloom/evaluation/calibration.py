"""Calibration: how often answers are right of which a model is so sure; the expected calibration error.

N rows, B bins of confidence.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.evaluation.paired_bootstrap import Figures, SufficientStatistics
from seqloom.recipe.metric import KEPT_PLACES

BINS = 15  # of equal width, as in Guo et al. 2017


def bins_of(confidences: Figures) -> NDArray[np.int64]:
    """Return the bin of each confidence, `(N,)`; 1 is in the last."""
    return np.minimum((confidences * BINS).astype(np.int64), BINS - 1)


def calibration_statistics(confidences: Figures, right: Figures) -> SufficientStatistics:
    """Return the statistics of the expected calibration error: the mean distance of a bin's confidence to its share."""
    return SufficientStatistics(_binned(confidences, right), _calibration_error)


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> dict[str, Any]:
    """Return the calibration error, and confidence and share of right answers by bin, for the bins that have rows."""
    sure, true = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    bins = bins_of(sure)
    curve = []
    for number in np.unique(bins).tolist():
        rows = bins == number
        mean, share = (round(float(each[rows].mean()), KEPT_PLACES) for each in (sure, true))
        curve.append({"rows": int(rows.sum()), "confidence": mean, "right": share})
    error = calibration_statistics(sure, true).value
    return {
        "error": round(error, KEPT_PLACES),
        "rows": len(true),
        "confidence": round(float(sure.mean()), KEPT_PLACES),
        "right": round(float(true.mean()), KEPT_PLACES),
        "curve": curve,
    }


def _binned(confidences: Figures, right: Figures) -> Figures:
    """Return each row's confidence and correctness in the columns of its bin, and 1 in the last; `(N, 2 B + 1)`."""
    rows, bins = np.arange(len(right)), bins_of(confidences)
    counted = np.zeros((len(right), 2 * BINS + 1))
    counted[rows, bins] = confidences
    counted[rows, BINS + bins] = right
    counted[:, -1] = 1.0
    return counted


def _calibration_error(sums: Figures) -> float:
    confidence, accuracy = sums[:-1].reshape(2, -1)
    return float(np.abs(confidence - accuracy).sum() / sums[-1])
