"""Trained models side by side: which is best, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.axes import Axes

from seqloom.evaluation import plot_style
from seqloom.recipe.metric import Metric


@dataclass(frozen=True)
class Candidate:
    """One of the models compared; one that failed has no figures."""

    label: str
    metrics: dict[str, float] = field(default_factory=dict)  # of the test split, reported
    validation: dict[str, float] = field(default_factory=dict)  # of the validation split, by which it is ranked
    seconds: float = 0.0  # of its updates: starting, validating and waiting for a GPU are no cost of the model
    tokens_per_second: float = 0.0  # over all updates
    parameters: int = 0
    by_length: dict[str, float] = field(default_factory=dict)  # what it is judged by, from short sources to long
    interval: tuple[float, float] = (0.0, 0.0)  # where 95 % of what it is ranked by lie, were the rows drawn again
    corpus: str = ""  # digest: scores of other splits do not compare
    checkpoint: str = ""
    run_id: str = ""
    failure: str = ""

    def tested(self, metric: Metric) -> float:
        """What it reaches on the test split; of one that failed the worst there is."""
        return self.metrics.get(f"test/{metric.name}", _worst(metric))

    def score(self, metric: Metric) -> float:
        """What it is ranked by: the test split judges fairly only what it did not choose."""
        return self.validation.get(f"validation/{metric.name}", _worst(metric))

    def merit(self, metric: Metric) -> float:
        """The same, higher for the better."""
        return self.score(metric) if metric.rises else -self.score(metric)


def _worst(metric: Metric) -> float:
    return float("-inf") if metric.rises else float("inf")


def asked_the_same(candidates: Sequence[Candidate]) -> bool:
    """Whether all that were trained have the same validation and test splits, so that their figures compare."""
    return len({candidate.corpus for candidate in candidates if candidate.corpus}) == 1


def best_first(candidates: Sequence[Candidate], metric: Metric) -> list[Candidate]:
    """By the metric, where it is equal the cheaper first; what failed comes last."""
    return sorted(candidates, key=lambda candidate: (-candidate.merit(metric), candidate.seconds))


def not_told_apart(ranked: Sequence[Candidate], metric: Metric) -> list[Candidate]:
    """The first, and those whose figures lie within its interval: other rows might have another of them first."""
    low, high = ranked[0].interval
    return [each for each in ranked if each is ranked[0] or (not each.failure and low <= each.score(metric) <= high)]


def pareto_front(candidates: Sequence[Candidate], metric: Metric) -> list[Candidate]:
    """Those that no other beats at the same cost or less, the cheapest first."""
    worth: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: (candidate.seconds, -candidate.merit(metric))):
        if not worth or candidate.merit(metric) > worth[-1].merit(metric):
            worth.append(candidate)
    return worth


def quality_against_cost(candidates: Sequence[Candidate], metric: Metric, path: Path) -> None:
    """A point for each candidate; a line joins those that are worth their seconds."""
    figure, (axes,) = plot_style.blank()
    worth = pareto_front(candidates, metric)
    axes.plot([each.seconds for each in worth], [each.score(metric) for each in worth], color=plot_style.GRAY, zorder=1)
    for candidate in candidates:
        color = plot_style.BLUE if candidate in worth else plot_style.OCHRE
        axes.scatter(candidate.seconds, candidate.score(metric), s=50, color=color, zorder=2)
    for number, candidate in enumerate(candidates, start=1):
        _number(axes, number, (candidate.seconds, candidate.score(metric)))
    axes.margins(x=0.15, y=0.15)
    plot_style.dress(
        axes,
        f"{metric.label} against cost",
        "seconds of updates",
        f"{metric.label} of the validation split{_ends(metric)}",
    )
    plot_style.save(figure, path)


def quality_by_length(candidates: Sequence[Candidate], metric: Metric, path: Path) -> None:
    """A line for each candidate, the best darkest: where a fixed-length vector is too narrow, its line falls.

    The candidates are ranked, the best first, and were asked the same test split.
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
        axes, f"{metric.label} by length of the source", "length of the source", f"{metric.label}{_ends(metric)}"
    )
    axes.tick_params(axis="x", labelsize=9, labelcolor=plot_style.INK)
    plot_style.save(figure, path)


def _ends(metric: Metric) -> str:
    """Of its scale, where it has any."""
    return {"points": ", 0 to 100", "share": ", 0 to 1", "plain": ""}[metric.unit]


def _number(axes: Axes, number: int, place: tuple[float, float]) -> None:
    """Beside a point, as in the table: names are too long, and may be in any script."""
    axes.annotate(str(number), place, (7, 0), textcoords="offset points", va="center", fontsize=9, color=plot_style.INK)
