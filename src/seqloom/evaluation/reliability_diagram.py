"""Reliability diagram: how often answers are right by how sure the model is of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqloom.evaluation import plot_style
from seqloom.evaluation.calibration import BINS, bins_of


def draw_reliability(confidences: Sequence[float], right: Sequence[bool], x: str, y: str, path: Path) -> None:
    """Plot the share of right answers by confidence, and the number of rows in each bin; `x` and `y` name the axes."""
    certain = np.asarray(confidences, dtype=np.float64)
    bins = bins_of(certain)
    rows = np.bincount(bins, minlength=BINS)
    filled = rows > 0
    centers = (np.arange(BINS) + 0.5) / BINS
    figure, (left, right_axes) = plot_style.blank(2)
    left.plot([0, 1], [0, 1], color=plot_style.GRAY, linewidth=1, label="as sure as right")
    shares = np.bincount(bins, np.asarray(right, dtype=np.float64), BINS)[filled] / rows[filled]
    left.bar(centers[filled], shares, 0.9 / BINS, color=plot_style.BLUE, label="model")
    plot_style.dress(left, "Certainty", x, y)
    left.set_xlim(0, 1)
    left.set_ylim(0, 1)
    plot_style.legend_inside(left)
    right_axes.bar(centers, rows, 0.9 / BINS, color=plot_style.OCHRE)
    plot_style.dress(right_axes, "Rows", x, "test rows")
    right_axes.set_xlim(0, 1)
    plot_style.save(figure, path)
