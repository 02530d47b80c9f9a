"""Additive and multiplicative attention of a decoder over the source.

N rows of the decoder, B sources, K hypotheses of a source (N = B K), S source length, T target length, D memory width,
H decoder width, A attention width.
"""

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor, nn

from seqloom.models.encoder_memory import Memory

NUMBERS_AT_ONCE = 1 << 17  # of a search's energies, half a megabyte: they stay in the cache of a core


class Attention(Protocol):
    """Weights of all source states for each query: the softmax of scores, and the mean of the states by them."""

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys to the memory: the part of the score that does not depend on the query."""

    def __call__(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Map queries `(N, T, H)` to contexts `(N, T, D)` and weights `(N, T, S)`."""


class AdditiveAttention(nn.Module):
    """score(q, k) = v · tanh(W q + U k).  Bahdanau, Cho and Bengio 2015, https://arxiv.org/abs/1409.0473."""

    def __init__(self, query_width: int, memory_width: int, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_width, width, bias=False)
        self.key = nn.Linear(memory_width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys U k, `(B, S, A)`, to the memory."""
        return replace(memory, keys=self.key(memory.states))

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Map queries `(N, T, H)` to contexts `(N, T, D)` and weights `(N, T, S)`."""
        assert memory.keys is not None
        queries = memory.by_source(self.query(query))  # (B, K T, A)
        if torch.is_grad_enabled() or queries.device.type != "cpu":
            return mix(self._scores(queries, memory.keys), memory)
        return mix(self._scores_by_blocks(queries, memory.keys, memory.mask), memory)

    def _scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Map queries `(B, K T, A)` and keys `(B, S, A)` to scores `(B, K T, S)`."""
        energies = (queries.unsqueeze(2) + keys.unsqueeze(1)).tanh_()  # (B, K T, S, A)
        scores: Tensor = self.score(energies).squeeze(3)
        return scores

    def _scores_by_blocks(self, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """Compute the same by blocks of sources, 0 behind the longest of each.

        On a CPU the energies of a batch pass through memory three times, more of them of padding than of tokens where
        its sources are of different lengths: as long as the products of a step (docs/notes/speed.md).
        """
        batch, count, width = queries.shape
        scores = queries.new_zeros(batch, count, mask.shape[1])
        ends = (mask * torch.arange(1, mask.shape[1] + 1)).amax(dim=1).tolist()
        block = max(1, NUMBERS_AT_ONCE // (count * mask.shape[1] * width))
        for first in range(0, batch, block):
            rows, end = slice(first, first + block), max(ends[first : first + block])
            scores[rows, :, :end] = self._scores(queries[rows], keys[rows, :end])
        return scores


class MultiplicativeAttention(nn.Module):
    """score(q, k) = q W k, the form called general.  Luong, Pham and Manning 2015, https://arxiv.org/abs/1508.04025."""

    def __init__(self, query_width: int, memory_width: int) -> None:
        super().__init__()
        self.key = nn.Linear(memory_width, query_width, bias=False)

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys W k, `(B, S, H)`, to the memory."""
        return replace(memory, keys=self.key(memory.states))

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Map queries `(N, T, H)` to contexts `(N, T, D)` and weights `(N, T, S)`."""
        assert memory.keys is not None
        return mix(memory.by_source(query) @ memory.keys.transpose(1, 2), memory)


def mix(scores: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
    """Map scores `(B, K T, S)` to contexts `(N, T, D)` and attention weights `(N, T, S)`; padding gets weight 0."""
    weights = scores.masked_fill(~memory.mask.unsqueeze(1), -torch.inf).softmax(dim=2)
    return memory.by_row(weights @ memory.states), memory.by_row(weights)
