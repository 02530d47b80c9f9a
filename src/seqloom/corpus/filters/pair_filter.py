"""Interface of a filter: for each pair of a batch, the reason why it is dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class TextPair(NamedTuple):
    """Normalized source and target."""

    source: str
    target: str


class PairFilter(Protocol):
    """A filter; pure: what it says of a pair depends on that pair alone."""

    def problems(self, pairs: Sequence[TextPair]) -> list[str]:
        """Return for each pair why it is dropped, with what was measured; empty if it is kept."""
        ...


class RowFilter:
    """A filter that looks at one pair after the other."""

    def problems(self, pairs: Sequence[TextPair]) -> list[str]:
        """Return for each pair why it is dropped; empty if it is kept."""
        return [self.problem(pair) for pair in pairs]

    def problem(self, pair: TextPair) -> str:
        """Return why the pair is dropped; empty if it is kept."""
        raise NotImplementedError


@dataclass(frozen=True)
class TextFilter(RowFilter):
    """A filter of single texts: a pair is dropped if one of its sides is."""

    sides: tuple[str, ...]

    def problem(self, pair: TextPair) -> str:
        """Return the first side's problem, and which side that is."""
        for side in self.sides:
            if problem := self.text_problem(pair.source if side == "source" else pair.target):
                return f"{side}: {problem}"
        return ""

    def text_problem(self, text: str) -> str:
        """Return what is wrong with a text; empty if nothing is."""
        raise NotImplementedError
