"""Comparison of trained models: ranking, Pareto front of quality against cost, and plots."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.axes import Axes

from seqloom.evaluation import plot_style
from seqloom.recipe.metric import Metric


@dataclass(frozen=True)
class Candidate:
    """One of the models compared; one that failed has no scores."""

    label: str
    metrics: dict[str, float] = field(default_factory=dict)  # on the test split, reported
    validation: dict[str, float] = field(default_factory=dict)  # on the validation split, for ranking
    seconds: float = 0.0  # of its updates, without start-up, validation and waiting for a GPU
    tokens_per_second: float = 0.0  # over all updates
    parameters: int = 0
    by_length: dict[str, float] = field(default_factory=dict)  # its score by length bucket, from short sources to long
    interval: tuple[float, float] = (0.0, 0.0)  # 95 % bootstrap confidence interval of the score it is ranked by
    corpus: str = ""  # digest: scores are comparable on the same splits only
    checkpoint: str = ""
    run_id: str = ""
    failure: str = ""

    def tested(self, metric: Metric) -> float:
        """Return its score on the test split; the worst possible if it failed."""
        return self.metrics.get(f"test/{metric.name}", _worst(metric))

    def score(self, metric: Metric) -> float:
        """Return its validation score, for ranking: a test score used to choose a model would be biased."""
        return self.validation.get(f"validation/{metric.name}", _worst(metric))

    def merit(self, metric: Metric) -> float:
        """Return `score` with its sign such that higher is better."""
        return self.score(metric) if metric.rises else -self.score(metric)


def _worst(metric: Metric) -> float:
    return float("-inf") if metric.rises else float("inf")


def same_splits(candidates: Sequence[Candidate]) -> bool:
    """Return True if all trained candidates share their validation and test splits, so that scores are comparable."""
    return len({candidate.corpus for candidate in candidates if candidate.corpus}) == 1


def best_first(candidates: Sequence[Candidate], metric: Metric) -> list[Candidate]:
    """Sort by the metric, ties by cost; failed candidates come last."""
    return sorted(candidates, key=lambda candidate: (-candidate.merit(metric), candidate.seconds))


def indistinguishable(ranked: Sequence[Candidate], metric: Metric) -> list[Candidate]:
    """Return the first of the ranked candidates, and those whose scores lie within its confidence interval."""
    low, high = ranked[0].interval
    return [each for each in ranked if each is ranked[0] or (not each.failure and low <= each.score(metric) <= high)]


def pareto_front(candidates: Sequence[Candidate], metric: Metric) -> list[Candidate]:
    """Return the candidates that no other beats at the same cost or less, the cheapest first."""
    front: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: (candidate.seconds, -candidate.merit(metric))):
        if not front or candidate.merit(metric) > front[-1].merit(metric):
            front.append(candidate)
    return front


def quality_against_cost(candidates: Sequence[Candidate], metric: Metric, path: Path) -> None:
    """Plot score against seconds, a point for each candidate; a line joins the Pareto front."""
    figure, (axes,) = plot_style.blank()
    front = pareto_front(candidates, metric)
    axes.plot([each.seconds for each in front], [each.score(metric) for each in front], color=plot_style.GRAY, zorder=1)
    for candidate in candidates:
        color = plot_style.BLUE if candidate in front else plot_style.OCHRE
        axes.scatter(candidate.seconds, candidate.score(metric), s=50, color=color, zorder=2)
    for number, candidate in enumerate(candidates, start=1):
        _number(axes, number, (candidate.seconds, candidate.score(metric)))
    axes.margins(x=0.15, y=0.15)
    plot_style.dress(
        axes,
        f"{metric.label} against cost",
        "seconds of updates",
        f"{metric.label} of the validation split{_range(metric)}",
    )
    plot_style.save(figure, path)


def quality_by_length(candidates: Sequence[Candidate], metric: Metric, path: Path) -> None:
    """Plot score by source length, a line for each candidate, the best darkest.

    `candidates` are ranked, the best first, and share their test split. The line of a model whose fixed-length vector
    is too narrow falls.
    """
    figure, (axes,) = plot_style.blank()
    names = list(candidates[0].by_length)
    for number, candidate in reversed(list(enumerate(candidates, start=1))):
        scores = [candidate.by_length[name] for name in names]
        shade = plot_style.SHADES(1 - 0.75 * (number - 1) / len(candidates))
        axes.plot(names, scores, color=shade, linewidth=1.8, marker="o", markersize=4)
        _number(axes, number, (len(names) - 1, scores[-1]))
    axes.margins(x=0.06, y=0.1)
    plot_style.dress(
        axes, f"{metric.label} by length of the source", "length of the source", f"{metric.label}{_range(metric)}"
    )
    axes.tick_params(axis="x", labelsize=9, labelcolor=plot_style.INK)
    plot_style.save(figure, path)


def _range(metric: Metric) -> str:
    """Return the range of its scale, or nothing."""
    return {"points": ", 0 to 100", "share": ", 0 to 1", "plain": ""}[metric.unit]


def _number(axes: Axes, number: int, point: tuple[float, float]) -> None:
    """Write the candidate's number next to a point; names are too long, and may be in any script."""
    axes.annotate(str(number), point, (7, 0), textcoords="offset points", va="center", fontsize=9, color=plot_style.INK)
