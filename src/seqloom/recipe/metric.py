"""Metrics: names, units, direction and formatting."""

from dataclasses import dataclass
from typing import Literal

KEPT_PLACES = 4  # decimals of stored values


@dataclass(frozen=True)
class Metric:
    """One metric of an application."""

    name: str  # in MLflow, behind test/
    label: str  # for people
    unit: Literal["points", "share", "plain"] = "points"  # 0 to 100; 0 to 1, shown in percent; or without an end
    rises: bool = True  # higher is better
    judged: bool = True  # it is counted row by row, so it may judge a version

    def shown(self, value: float, digits: int = 1) -> str:
        """Return a value for people."""
        return f"{value:.{digits}%}" if self.unit == "share" else f"{value:,.{digits}f}"

    def change(self, value: float) -> str:
        """Return a signed difference for people, in points where the metric has points."""
        return f"{100 * value if self.unit == 'share' else value:+.2f}"

    @property
    def best(self) -> float:
        """Return the best possible value."""
        if self.unit == "plain":
            return float("inf") if self.rises else 1.0  # a perplexity: all is foreseen
        return {"points": 100.0, "share": 1.0}[self.unit] if self.rises else 0.0

    def is_best(self, value: float) -> bool:
        """Return whether a value equals the best possible one, to the decimals that are stored."""
        return round(self.gain(self.best, value), KEPT_PLACES) >= 0

    def gain(self, before: float, after: float) -> float:
        """Return by how much `after` is better: in points, or in percent of `before` for unbounded metrics."""
        better = after - before if self.rises else before - after
        scale = {"points": 1.0, "share": 100.0, "plain": 100 / max(abs(before), 1e-9)}[self.unit]
        return better * scale

    def limit(self, tolerance: float) -> str:
        """Return a tolerance in the unit of `gain`."""
        return f"{tolerance:g} %" if self.unit == "plain" else f"{tolerance:g}"
