"""Additive and multiplicative attention of a decoder over the source.

N rows of the decoder, B sources, K hypotheses of a source (N = B K), S source length, T target length, D memory width,
H decoder width, A attention width.
"""

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor, nn

from seqloom.models.encoder_memory import Memory


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
        energies = (queries.unsqueeze(2) + memory.keys.unsqueeze(1)).tanh_()  # (B, K T, S, A)
        return mix(self.score(energies).squeeze(3), memory)


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
