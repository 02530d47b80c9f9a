"""A score: what it is called, and how its figures are read."""

from dataclasses import dataclass
from typing import Literal

KEPT_PLACES = 4  # that figures are kept with


@dataclass(frozen=True)
class Metric:
    """One score of a kind of task."""

    name: str  # in MLflow, behind test/
    label: str  # for people
    unit: Literal["points", "share", "plain"] = "points"  # 0 to 100; 0 to 1, shown in percent; or without an end
    rises: bool = True  # higher is better
    judged: bool = True  # it is counted row by row, so it may judge a version

    def shown(self, value: float, digits: int = 1) -> str:
        """A figure in words."""
        return f"{value:.{digits}%}" if self.unit == "share" else f"{value:,.{digits}f}"

    def change(self, value: float) -> str:
        """A difference of two figures in words, in points where there are points."""
        return f"{100 * value if self.unit == 'share' else value:+.2f}"

    @property
    def best(self) -> float:
        """The figure that nothing is better than."""
        if self.unit == "plain":
            return float("inf") if self.rises else 1.0  # a perplexity: all is foreseen
        return {"points": 100.0, "share": 1.0}[self.unit] if self.rises else 0.0

    def is_best(self, value: float) -> bool:
        """Whether a figure is the best there is, to the places that figures are kept with."""
        return round(self.gain(self.best, value), KEPT_PLACES) >= 0

    def gain(self, before: float, after: float) -> float:
        """By how much `after` is better: in points, or in percent of `before` where figures have no end."""
        better = after - before if self.rises else before - after
        scale = {"points": 1.0, "share": 100.0, "plain": 100 / max(abs(before), 1e-9)}[self.unit]
        return better * scale

    def limit(self, tolerance: float) -> str:
        """A tolerance as `gain` measures it."""
        return f"{tolerance:g} %" if self.unit == "plain" else f"{tolerance:g}"
