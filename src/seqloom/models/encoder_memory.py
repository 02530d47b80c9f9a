"""Encoder memory: the encoded source that a decoder attends to.

B sources, S source length, D memory width, A attention width, K hypotheses of a source, N = B K rows, T tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Memory:
    """Encoded source."""

    states: Tensor  # (B, S, D) one vector per source token
    mask: Tensor  # (B, S) True where there is a token, False on padding
    summary: Tensor  # (B, D) the fixed-length vector of the whole source
    keys: Tensor | None = None  # (B, S, A) the states as attention compares them, computed once per source
    source: Tensor | None = None  # (B, S) the tokens themselves, where they may be copied
    hypotheses: int = 1  # K adjacent rows of a decoder read each source: a beam, which shares what is stored

    @property
    def rows(self) -> int:
        """Return N, the rows of a decoder that reads this memory."""
        return len(self.mask) * self.hypotheses

    def shared(self, hypotheses: int) -> "Memory":
        """Return the memory for so many adjacent rows of a decoder for each source, without a copy."""
        return replace(self, hypotheses=hypotheses)

    def by_source(self, rows: Tensor) -> Tensor:
        """Reshape what a decoder has for its rows, `(N, T, …)`, to all that belongs to a source, `(B, K T, …)`."""
        return rows.reshape(len(self.mask), self.hypotheses * rows.shape[1], *rows.shape[2:])

    def by_row(self, sources: Tensor) -> Tensor:
        """Reshape `(B, K T, …)` to `(N, T, …)`."""
        return sources.reshape(self.rows, sources.shape[1] // self.hypotheses, *sources.shape[2:])

    def for_rows(self, part: Tensor) -> Tensor:
        """Repeat a part `(B, …)` for each row, `(N, …)`."""
        return part if self.hypotheses == 1 else part.repeat_interleave(self.hypotheses, dim=0)

    def repeat(self, times: int) -> "Memory":
        """Repeat each source `times` times in a row, as sources of their own."""
        return self._each(lambda part: part.repeat_interleave(times, 0))

    def part(self, sources: Tensor) -> "Memory":
        """Return the memory of these sources alone."""
        return self._each(lambda part: part.index_select(0, sources))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Memory":
        parts: dict[str, Any] = {name: change(part) for name, part in vars(self).items() if isinstance(part, Tensor)}
        return replace(self, **parts)


def mean_of_tokens(states: Tensor, mask: Tensor) -> Tensor:
    """Average states `(B, S, D)` over tokens that are not padding, to `(B, D)`."""
    weights = mask.unsqueeze(2).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)
