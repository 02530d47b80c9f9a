"""Encoder memory: the encoded source that a decoder attends to.

B batch, S source length, D memory width, A attention width.
"""

from collections.abc import Callable
from dataclasses import dataclass
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

    def repeat(self, times: int) -> "Memory":
        """Repeat each source `times` times in a row, for the hypotheses of a beam."""
        return self._each(lambda part: part.repeat_interleave(times, 0))

    def part(self, rows: Tensor) -> "Memory":
        """Return the memory of these rows alone."""
        return self._each(lambda part: part.index_select(0, rows))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Memory":
        parts: dict[str, Any] = {name: None if part is None else change(part) for name, part in vars(self).items()}
        return Memory(**parts)


def mean_of_tokens(states: Tensor, mask: Tensor) -> Tensor:
    """Average states `(B, S, D)` over tokens that are not padding, to `(B, D)`."""
    weights = mask.unsqueeze(2).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)
