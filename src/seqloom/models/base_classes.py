"""Base classes of encoders, decoders and decoder states.

B batch, S source length, T target length, E embedding width, D memory width.
"""

from abc import ABC, abstractmethod
from typing import Protocol, Self

from torch import Tensor, nn

from seqloom.models.encoder_memory import Memory


class State(Protocol):
    """Decoder state between two tokens."""

    def reorder(self, rows: Tensor) -> Self:
        """Return the state whose row `i` is row `rows[i]` of this one: the surviving hypotheses of a beam."""

    def expand(self, hypotheses: int) -> Self:
        """Return the state with so many adjacent rows in place of each: hypotheses that go on from it."""


class Encoder(nn.Module, ABC):
    """Encoder from embedded source to memory; positions where the mask is False do not affect the others."""

    memory_width: int  # D; 0 where there is no source to see

    @abstractmethod
    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Encode the embedded source `(B, S, E)` with its mask `(B, S)` to memory of states `(B, S, D)`."""


class Decoder(nn.Module, ABC):
    """Decoder with one function `run`, from embedded tokens and a state to features and the next state.

    Teacher forcing is a run over the whole target, a step of decoding is a run over one token.
    """

    first_token = 0  # of the vocabulary that may be written: a classifier writes labels and none of the special tokens
    writes_from_summary = (
        False  # nothing of the memory but the fixed-length vector is seen, so any vector can be written
    )

    def prepare(self, memory: Memory) -> Memory:
        """Compute what depends on the source alone, once, before the first token."""
        return memory

    @abstractmethod
    def start(self, memory: Memory) -> State:
        """Return the state before the first token."""

    @abstractmethod
    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)`, for the logits, and the next state."""

    def forward(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor | State, ...]:
        """Call `run`."""
        return self.run(embedded, state, memory)


class AttentiveDecoder(Decoder):
    """Decoder that returns its attention weights, as a pointer-generator needs."""

    @abstractmethod
    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Run, and return features `(B, T, E)`, attention weights over the source `(B, T, S)` and the state."""

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        features, _, state = self.attend(embedded, state, memory)
        return features, state

    def forward(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor | State, ...]:
        """Call `attend`."""
        return self.attend(embedded, state, memory)
