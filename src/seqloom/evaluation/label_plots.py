"""Plots of a classifier: confusion matrix and calibration (reliability diagram)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.evaluation import plot_style
from seqloom.evaluation.label_metrics import BINS, bins_of

SHOWN = 20  # labels in a plot
_DARK = 0.5  # share of a row from which its text is white


def draw_confusion(labels: Sequence[str], table: NDArray[np.int64], path: Path) -> None:
    """Plot the confusion matrix `(L, L)`, shaded by row; of many labels, the most frequent."""
    frequent = np.sort(np.argsort(-table.sum(axis=1), kind="stable")[:SHOWN])
    shown = table[np.ix_(frequent, frequent)]
    shares = shown / np.maximum(table.sum(axis=1)[frequent][:, None], 1)
    figure, (axes,) = plot_style.blank()
    plot_style.dress(axes, "Labels given to each reference", "given by the model", "reference")
    axes.grid(visible=False)
    axes.imshow(shares, cmap=plot_style.SHADES, vmin=0, vmax=1, aspect="auto")
    names = [_name(labels[index], index) for index in frequent]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    for (row, column), count in np.ndenumerate(shown):
        color = "white" if shares[row, column] > _DARK else plot_style.INK
        axes.text(column, row, f"{count:,}", ha="center", va="center", fontsize=9, color=color)
    plot_style.save(figure, path)


def draw_calibration(
    predictions: Sequence[str], probabilities: Sequence[float], references: Sequence[str], path: Path
) -> None:
    """Plot accuracy by probability of the chosen label, and the number of rows in each bin."""
    certain = np.asarray(probabilities, dtype=np.float64)
    right = np.array([label == wanted for label, wanted in zip(predictions, references, strict=True)], dtype=np.float64)
    bins = bins_of(certain)
    rows = np.bincount(bins, minlength=BINS)
    filled = rows > 0
    centers = (np.arange(BINS) + 0.5) / BINS
    figure, (left, right_axes) = plot_style.blank(2)
    left.plot([0, 1], [0, 1], color=plot_style.GRAY, linewidth=1, label="as sure as right")
    shares = np.bincount(bins, right, BINS)[filled] / rows[filled]
    left.bar(centers[filled], shares, 0.9 / BINS, color=plot_style.BLUE, label="model")
    plot_style.dress(left, "Certainty", "probability of the chosen label", "share of rows that are right")
    left.set_xlim(0, 1)
    left.set_ylim(0, 1)
    plot_style.legend_inside(left)
    right_axes.bar(centers, rows, 0.9 / BINS, color=plot_style.OCHRE)
    plot_style.dress(right_axes, "Rows", "probability of the chosen label", "test rows")
    right_axes.set_xlim(0, 1)
    plot_style.save(figure, path)


def _name(label: str, index: int) -> str:
    """Return the label, shortened, or its number if the font lacks its letters."""
    try:
        label.encode("latin-1")
    except UnicodeEncodeError:
        return f"label {index + 1}"
    return label if len(label) <= SHOWN else f"{label[: SHOWN - 1]}..."
