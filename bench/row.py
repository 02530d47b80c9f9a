"""A line of the table: what was measured, and what it is held against."""

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
        """Whether the goal is met."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.better == "more" else self.ratio <= self.goal
