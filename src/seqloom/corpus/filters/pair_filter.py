"""Interface of a filter: for each pair of a batch, the reason why it is dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.text_column import TextColumn


class TextPair(NamedTuple):
    """Normalized source and target."""

    source: str
    target: str


class PairColumns:
    """The sides of pairs `(N,)`."""

    def __init__(self, pairs: Sequence[TextPair]) -> None:
        self.pairs = pairs

    @cached_property
    def source(self) -> TextColumn:
        """Return the sources."""
        return TextColumn([pair.source for pair in self.pairs])

    @cached_property
    def target(self) -> TextColumn:
        """Return the targets."""
        return TextColumn([pair.target for pair in self.pairs])


class PairFilter:
    """A filter; pure: what it says of a pair depends on that pair alone."""

    def problems(self, pairs: Sequence[TextPair]) -> list[str]:
        """Return for each pair why it is dropped, with what was measured; empty if it is kept."""
        suspects = self.suspects(PairColumns(pairs)).tolist()
        return [self.problem(pair) if suspect else "" for pair, suspect in zip(pairs, suspects, strict=True)]

    def suspects(self, columns: PairColumns) -> NDArray[np.bool_]:
        """Return which pairs `(N,)` may be dropped, all others being kept: what can be seen from whole columns."""
        return np.ones(len(columns.pairs), bool)

    def problem(self, pair: TextPair) -> str:
        """Return why the pair is dropped; empty if it is kept."""
        raise NotImplementedError


@dataclass(frozen=True)
class TextFilter(PairFilter):
    """A filter of single texts: a pair is dropped if one of its sides is."""

    sides: tuple[str, ...]

    def problem(self, pair: TextPair) -> str:
        """Return the first side's problem, and which side that is."""
        for side in self.sides:
            if problem := self.text_problem(pair.source if side == "source" else pair.target):
                return f"{side}: {problem}"
        return ""

    def suspects(self, columns: PairColumns) -> NDArray[np.bool_]:
        """Return which pairs `(N,)` have a side that may be dropped."""
        found = np.zeros(len(columns.pairs), bool)
        for side in self.sides:
            found |= self.text_suspects(getattr(columns, side))
        return found

    def text_suspects(self, texts: TextColumn) -> NDArray[np.bool_]:
        """Return which texts `(N,)` may be dropped."""
        return np.ones(len(texts), bool)

    def text_problem(self, text: str) -> str:
        """Return what is wrong with a text; empty if nothing is."""
        raise NotImplementedError
