"""Plots of a study, drawn by Optuna: the scores of its trials, the importance of fields, and the values tried."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import optuna
from optuna.trial import TrialState
from optuna.visualization import matplotlib as plots

from seqloom.recipe.metric import Metric
from seqloom.tuning.study import importances


def draw_study(study: optuna.Study, metric: Metric, folder: Path) -> dict[str, Path]:
    """Draw PNG files into `folder` and return them by their title; as long as no trial has finished there are none."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return {}
    mpl.use("Agg")
    label = f"{metric.label} on validation"
    drawn: dict[str, Callable[[], Any]] = {
        "trials": lambda: plots.plot_optimization_history(study, target_name=label),
        "values": lambda: plots.plot_slice(study, target_name=label),
    }
    if importances(study):
        drawn["importance"] = lambda: plots.plot_param_importances(study, target_name=label)
    return {title: _saved(draw, folder / f"{title}.png") for title, draw in drawn.items()}


def _saved(draw: Callable[[], Any], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls its matplotlib plots experimental
        axes = draw()
    figure = getattr(axes, "figure", None) or axes.flat[0].figure
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)
    return path
