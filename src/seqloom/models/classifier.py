"""Classifier head: one label for a source.

B batch, T target length (1: the label), S source length, E embedding width, D memory width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqloom.models.base_classes import Decoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.encoder_memory import Memory, mean_of_tokens
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS


@dataclass(frozen=True)
class NoState:
    """Empty state: a classifier predicts one label and remembers nothing."""

    def reorder(self, rows: Tensor) -> "NoState":  # noqa: ARG002 all rows are alike
        """Return the same state."""
        return self

    def expand(self, hypotheses: int) -> "NoState":  # noqa: ARG002 all rows are alike
        """Return the same state."""
        return self


class Classifier(Decoder):
    """Features for the label's logits, from the pooled states of the encoder.

    Over a convolutional encoder the greatest of each number over time is Kim 2014's, https://arxiv.org/abs/1408.5882;
    the map and tanh behind the pooled vector are BERT's (Devlin et al. 2019, https://arxiv.org/abs/1810.04805).
    """

    first_token = len(SPECIAL_TOKENS)

    def __init__(self, width: int, memory_width: int, pooling: str, dropout: float) -> None:
        super().__init__()
        self.pooling = pooling
        self.readout = nn.Linear(memory_width, width)
        self.dropout = Dropout(dropout)

    def start(self, memory: Memory) -> NoState:  # noqa: ARG002 the contract's
        """Return the empty state."""
        return NoState()

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Return the same features `(B, T, E)` at each of T positions; the tokens `(B, T, E)` do not count."""
        pooled = self.dropout(pool(memory, self.pooling))
        features = self.dropout(torch.tanh(self.readout(pooled)))
        return features.unsqueeze(1).expand(-1, embedded.shape[1], -1), state


def pool(memory: Memory, how: str) -> Tensor:
    """Pool the memory to one vector per source, `(B, D)`, without its padding."""
    match how:
        case "max":
            return memory.states.masked_fill(~memory.mask.unsqueeze(2), -torch.inf).amax(dim=1)
        case "mean":
            return mean_of_tokens(memory.states, memory.mask)
        case _:
            return memory.summary
