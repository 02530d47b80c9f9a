"""Key-value cache of a Transformer decoder, written in place and shared by the hypotheses of a beam.

All hypotheses of a source attend to one cache of what they wrote, each to the tokens that it continues alone. So a beam
that is reordered copies a small table of those tokens, and no keys or values.

B sources, K hypotheses of a source, N = B K rows, T new tokens of a row, P tokens so far, E entries of the cache so
far, C entries that fit, S source length, H heads, W width of a head.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

Past = tuple[Tensor, Tensor]
"""Keys `(B, H, W, C)` and values `(B, H, C, W)` of a layer, each as the product with it reads it."""

SMALLEST = 16  # positions that a cache has room for when it first grows


@dataclass(frozen=True)
class NewTokens:
    """Positions of the tokens of a run, and what they attend to, alike in all layers."""

    positions: Tensor  # (K T,)
    entries: int  # E
    mask: Tensor | None  # (B or 1, 1, K T, E + K T), added to the scores: 0, or -inf where one may not attend
    causal: bool  # in place of a mask: each sees the tokens of the run up to itself, and there are none before


@dataclass(frozen=True)
class TransformerState:
    """Cache of all layers. The run that it is given to writes into it."""

    layers: tuple[Past, ...]  # none before the first token
    length: int  # P
    hypotheses: int = 1  # K
    entries: int = 0  # E: the tokens read at once for all hypotheses of a source, and K for each position behind them
    seen: Tensor | None = None  # (N, E), 0 for the tokens that a row continues, else -inf; None if it continues all
    source: tuple[Past, ...] = ()  # keys (B, H, W, S) and values (B, H, S, W) of the source, once they were needed

    def reorder(self, rows: Tensor) -> "TransformerState":
        """Return the state whose row `i` is row `rows[i]` of this one; of a beam, rows of whole sources in order."""
        if self.hypotheses == 1:
            return self._chosen(rows)
        chosen = self
        if self.seen is None:  # all continue the same
            before = len(self.layers[0][0]) * self.hypotheses if self.layers else len(rows)
        else:
            before = len(self.seen)
            chosen = replace(self, seen=self.seen.index_select(0, rows))
        return chosen if len(rows) == before else chosen._chosen(rows[:: self.hypotheses] // self.hypotheses)

    def expand(self, hypotheses: int) -> "TransformerState":
        """Return the state for so many adjacent rows in place of each."""
        return replace(self, hypotheses=hypotheses)

    def read(self, length: int, rows: int, device: torch.device) -> tuple[NewTokens, Tensor | None]:
        """Return what the next `length` tokens of N rows attend to, and `seen` behind them."""
        times, batch = self.hypotheses, rows // self.hypotheses
        positions = torch.arange(self.length, self.length + length, device=device)
        if times == 1:
            causal = length > 1 and self.entries == 0
            mask = None
            if length > 1 and not causal:
                later = _later(length, device)
                mask = torch.cat([later.new_zeros(length, self.entries), later], dim=1)[None, None]
            return NewTokens(positions, self.entries, mask, causal), None
        others = torch.full((times, times), -torch.inf, device=device).fill_diagonal_(0.0)
        own = others.repeat_interleave(length, dim=1).repeat(batch, 1)  # (N, K T)
        before = own.new_zeros(rows, self.entries) if self.seen is None else self.seen
        seen = torch.cat([before, own], dim=1)  # (N, E + K T)
        mask = seen.view(batch, 1, times, -1)
        if length != 1:  # a window that moves may read none
            mask = mask.repeat_interleave(length, dim=2)  # (B, 1, K T, E + K T)
            if length > 1:
                mask[..., self.entries :] += _later(length, device).repeat(times, times)
        return NewTokens(positions.repeat(times), self.entries, mask, causal=False), seen

    def _chosen(self, sources: Tensor) -> "TransformerState":
        """Return the cache of these sources alone."""
        layers = tuple(
            (keys[..., : self.entries].index_select(0, sources), values[:, :, : self.entries].index_select(0, sources))
            for keys, values in self.layers
        )
        source = tuple((keys.index_select(0, sources), values.index_select(0, sources)) for keys, values in self.source)
        return replace(self, layers=layers, source=source)


def _later(length: int, device: torch.device) -> Tensor:
    """Return the mask of a run `(T, T)`: -inf where a token would see a later one, else 0."""
    return torch.full((length, length), -torch.inf, device=device).triu_(1)


def append(past: Past | None, keys: Tensor, values: Tensor, entries: int) -> tuple[Past, Past]:
    """Add keys `(B, H, W, K T)` and values `(B, H, K T, W)`; return the cache, and its E + K T entries."""
    if past is None:
        return (keys, values), (keys, values)
    end, room = entries + values.shape[2], past[1].shape[2]
    if end > room:
        past = _grown(past, entries, max(2 * end, SMALLEST * values.shape[2]))
    past[0][..., entries:end] = keys
    past[1][:, :, entries:end] = values
    return past, (past[0][..., :end], past[1][:, :, :end])


def _grown(past: Past, entries: int, room: int) -> Past:
    """Return a cache that has room for more."""
    keys, values = past
    batch, heads, width, _ = keys.shape
    more_keys, more_values = keys.new_empty(batch, heads, width, room), values.new_empty(batch, heads, room, width)
    more_keys[..., :entries] = keys[..., :entries]
    more_values[:, :, :entries] = values[:, :, :entries]
    return more_keys, more_values
