"""Scores side by side: a version, the champion and the baselines."""

from collections.abc import Mapping

from seqloom.recipe.applications import application_of
from tasks.pages.markdown import table


def scores_table(task: str, metrics: Mapping[str, float], this: str, others: Mapping[str, Mapping[str, float]]) -> str:
    """A row for `this`, one for each of `others` (its scores without their prefix), and one for each baseline."""
    kind = application_of(task)
    rows = [(f"**{this}**", *(f"**{figure}**" if figure else "" for figure in _figures(task, metrics, "test/")))]
    rows += [(other, *_figures(task, scores, "")) for other, scores in others.items()]
    baselines = kind.baselines_in(metrics)
    rows += [(title, *_figures(task, metrics, f"baseline/{name}/")) for name, title in baselines.items()]
    return table(("", *(measure.label for measure in kind.metrics)), rows, range(1, len(kind.metrics) + 1))


def _figures(task: str, scores: Mapping[str, float], prefix: str) -> list[str]:
    """Every score of the task that there is, in words."""
    measures = application_of(task).metrics
    names = [f"{prefix}{measure.name}" for measure in measures]
    return [
        measure.shown(scores[name], 1 if measure.unit == "share" else 2) if name in scores else ""
        for name, measure in zip(names, measures, strict=True)
    ]
