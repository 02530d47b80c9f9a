"""A row of the result table: a measurement and its goal."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One ratio and its goal."""

    what: str
    ours: str  # with its unit
    theirs: str  # with its unit and whose it is
    ratio: float
    goal: float | None  # None: shown for comparison
    better: Literal["more", "less"]

    @property
    def reached(self) -> bool:
        """True if the goal is met."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.better == "more" else self.ratio <= self.goal
