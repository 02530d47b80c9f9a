"""Classification metrics as sufficient statistics: accuracy, macro-F1 and expected calibration error.

N rows, L labels.
"""

from collections.abc import Sequence

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy.sparse import csr_array

from seqloom.evaluation.calibration import BINS, calibration_statistics
from seqloom.evaluation.paired_bootstrap import Figures, SufficientStatistics, mean_of

SIGNATURES = {
    "accuracy": "share of rows whose label is right",
    "macro_f1": f"mean F1 of the labels that occur in the references, as scikit-learn {sklearn.__version__}",
    "calibration_error": f"expected calibration error of the chosen label, {BINS} equal bins (Guo et al. 2017)",
}


def counts_of(
    metric: str, predictions: Sequence[str], probabilities: Sequence[float], references: Sequence[str]
) -> SufficientStatistics:
    """Return the statistics of a metric of `SIGNATURES`; `probabilities` are those of the predicted labels."""
    assert len(predictions) == len(references) > 0, "one label per reference, and at least one"
    right = np.array([label == wanted for label, wanted in zip(predictions, references, strict=True)], dtype=np.float64)
    match metric:
        case "accuracy":
            return mean_of(right)
        case "macro_f1":
            return SufficientStatistics(_hits(predictions, references), _macro_f1)
    return calibration_statistics(np.asarray(probabilities, dtype=np.float64), right)


def confusion(predictions: Sequence[str], references: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return all labels, sorted, and the confusion matrix, references in rows and predictions in columns, `(L, L)`."""
    labels = sorted({*predictions, *references})
    index = {label: number for number, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(table, ([index[label] for label in references], [index[label] for label in predictions]), 1)
    return labels, table


def _hits(predictions: Sequence[str], references: Sequence[str]) -> csr_array:
    """Return true positives, predictions and references of each label in the references, `(N, 3 L)`, sparse.

    A row has at most three ones.
    """
    index = {label: number for number, label in enumerate(sorted(set(references)))}
    columns: list[int] = []
    starts = [0]
    for label, wanted in zip(predictions, references, strict=True):
        given = [len(index) + index[label]] if label in index else []
        columns += [*([index[wanted]] if label == wanted else []), *given, 2 * len(index) + index[wanted]]
        starts.append(len(columns))
    return csr_array((np.ones(len(columns)), columns, starts), shape=(len(references), 3 * len(index)))


def _macro_f1(sums: Figures) -> float:
    """Return the mean F1 of the labels with references; a resample or a slice may lack some."""
    right, given, wanted = sums.reshape(3, -1)
    occurs = wanted > 0
    return float(np.mean(2 * right[occurs] / (given[occurs] + wanted[occurs])))
