"""What every encoder and every decoder is, so that nobody has to ask which one it is.

B batch, S source length, T target length, E embedding width, D memory width.
"""

from abc import ABC, abstractmethod
from typing import Protocol, Self

from torch import Tensor, nn

from seqloom.models.memory import Memory


class State(Protocol):
    """What a decoder remembers between tokens."""

    def reorder(self, rows: Tensor) -> Self:
        """Row `i` becomes what row `rows[i]` was: a beam's survivors take their places."""


class Encoder(nn.Module, ABC):
    """Embedded source to memory; places where the mask is False change nothing of the others."""

    memory_width: int  # D; 0 where there is no source to see

    @abstractmethod
    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Embedded source `(B, S, E)` and its mask `(B, S)` to memory of states `(B, S, D)`."""


class Decoder(nn.Module, ABC):
    """One function `run`: some embedded tokens and a state in, features and the next state out.

    Teacher forcing is a run over the whole target, a step of decoding is a run over one token.
    """

    first_token = 0  # of the vocabulary that may be written: a classifier writes labels and none of the special tokens
    writes_from_summary = (
        False  # nothing of the memory but the fixed-length vector is seen, so any vector can be written
    )

    def prepare(self, memory: Memory) -> Memory:
        """What can be computed once per source, before the first token."""
        return memory

    @abstractmethod
    def start(self, memory: Memory) -> State:
        """The state before the first token."""

    @abstractmethod
    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)`, which the logits are computed from, and the state."""

    def forward(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor | State, ...]:
        """What a call does: `run`."""
        return self.run(embedded, state, memory)


class AttentiveDecoder(Decoder):
    """A decoder that can say where in the source it looked, which a copying head has to know."""

    @abstractmethod
    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """A run that also returns how each token's attention was spread over the source: weights `(B, T, S)`."""

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        features, _, state = self.attend(embedded, state, memory)
        return features, state

    def forward(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor | State, ...]:
        """What a call does: `attend`."""
        return self.attend(embedded, state, memory)
