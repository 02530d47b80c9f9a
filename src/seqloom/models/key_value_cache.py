"""Key-value cache of a Transformer decoder, written in place and shared by the hypotheses of a beam.

All hypotheses of a source attend to one cache of what they wrote, each to the tokens that it continues alone. So a beam
that is reordered copies a small table of those tokens, and no keys or values.

B sources, K hypotheses of a source, N = B K rows, T new tokens of a row, P tokens so far, H heads, W width of a head,
C entries that fit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

Past = tuple[Tensor, Tensor]
"""Keys and values of a layer, each `(B, H, C, W)`: entry `p K + k` is the token at position p of hypothesis k."""

SMALLEST = 16  # positions that a cache has room for when it first grows


@dataclass(frozen=True)
class NewTokens:
    """Positions of the tokens of a run, and what they attend to, alike in all layers."""

    positions: Tensor  # (K T,)
    hypotheses: int  # K
    entries: int  # in the cache before them: P K
    mask: Tensor | None  # (B or 1, 1, K T, (P + T) K), True where an entry may be attended to
    causal: bool  # in place of a mask: each sees the tokens of the run up to itself


@dataclass(frozen=True)
class TransformerState:
    """Cache of all layers. The run that it is given to writes into it."""

    layers: tuple[Past, ...]  # none before the first token
    length: int  # P
    hypotheses: int  # K
    writers: Tensor | None = None  # (N, P) which of the K wrote each token that a row continues; None if K is 1

    def reorder(self, rows: Tensor) -> "TransformerState":
        """Return the state whose row `i` is row `rows[i]` of this one; of a beam, rows of whole sources in order."""
        if self.writers is None:
            return TransformerState(self._chosen(rows), self.length, self.hypotheses)
        layers, sources = self.layers, rows[:: self.hypotheses] // self.hypotheses
        if len(rows) < len(self.writers):
            layers = self._chosen(sources)
        return TransformerState(layers, self.length, self.hypotheses, self.writers.index_select(0, rows))

    def read(self, length: int, memory_rows: int, device: torch.device) -> tuple[NewTokens, Tensor | None]:
        """Return what the next `length` tokens of the rows attend to, and the `writers` behind them."""
        total, times = self.length + length, self.hypotheses
        positions = torch.arange(self.length, total, device=device)
        if times == 1:
            later = length > 1 and self.length > 0  # torch would align causal attention with the first position
            mask = (torch.arange(total, device=device) <= positions.unsqueeze(1))[None, None] if later else None
            return NewTokens(positions, 1, self.length, mask, length > 1 and not later), None
        own = (torch.arange(memory_rows, device=device) % times).unsqueeze(1).expand(-1, length)
        writers = own if self.writers is None else torch.cat([self.writers, own], dim=1)  # (N, P + T)
        seen = (writers.unsqueeze(2) == torch.arange(times, device=device)).unsqueeze(1)  # (N, 1, P + T, K)
        if length != 1:  # a window that moves may read none
            seen = seen & (torch.arange(total, device=device) <= positions.unsqueeze(1))[None, :, :, None]
        mask = seen.reshape(memory_rows // times, 1, times * length, total * times)
        return NewTokens(positions.repeat(times), times, self.length * times, mask, causal=False), writers

    def _chosen(self, rows: Tensor) -> tuple[Past, ...]:
        """Return the cache of these sources alone."""
        used = self.length * self.hypotheses
        return tuple(
            (keys[:, :, :used].index_select(0, rows), values[:, :, :used].index_select(0, rows))
            for keys, values in self.layers
        )


def append(past: Past | None, keys: Tensor, values: Tensor, new: NewTokens) -> tuple[Past, Past]:
    """Add keys and values `(B, H, K T, W)`; return the cache, and its entries `(B, H, (P + T) K, W)`."""
    keys, values = (_by_position(part, new.hypotheses) for part in (keys, values))
    if past is None:
        return (keys, values), (keys, values)
    end = new.entries + keys.shape[2]
    stored = (_written(past[0], keys, new.entries), _written(past[1], values, new.entries))
    return stored, (stored[0][:, :, :end], stored[1][:, :, :end])


def _by_position(part: Tensor, hypotheses: int) -> Tensor:
    """Order the tokens of `(B, H, K T, W)`, given by hypothesis, by position."""
    if hypotheses in (1, part.shape[2]):
        return part
    batch, heads, tokens, width = part.shape
    by_hypothesis = part.reshape(batch, heads, hypotheses, tokens // hypotheses, width)
    return by_hypothesis.transpose(2, 3).flatten(2, 3)


def _written(stored: Tensor, new: Tensor, entries: int) -> Tensor:
    """Write new entries behind those of `stored`, which is copied to twice the room where they do not fit."""
    end, room = entries + new.shape[2], stored.shape[2]
    if end > room:
        batch, heads, _, width = stored.shape
        grown = stored.new_empty(batch, heads, max(2 * end, SMALLEST * new.shape[2]), width)
        grown[:, :, :entries] = stored[:, :, :entries]
        stored = grown
    stored[:, :, entries:end] = new
    return stored
