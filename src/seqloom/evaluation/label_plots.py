"""Plot of a classifier: the confusion matrix."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.evaluation import plot_style

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


def _name(label: str, index: int) -> str:
    """Return the label, shortened, or its number if the font lacks its letters."""
    try:
        label.encode("latin-1")
    except UnicodeEncodeError:
        return f"label {index + 1}"
    return label if len(label) <= SHOWN else f"{label[: SHOWN - 1]}..."
