"""A label in place of a text.

B batch, T target length (1: the label), S source length, E embedding width, D memory width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqloom.models.base import Decoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.memory import Memory, mean_of_tokens
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS


@dataclass(frozen=True)
class NoState:
    """A classifier remembers nothing: it writes one label."""

    def reorder(self, rows: Tensor) -> "NoState":  # noqa: ARG002 all rows are alike
        """Nothing takes no other place."""
        return self


class Classifier(Decoder):
    """The source as one vector, to what the label's logits are computed from.

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
        """There is nothing to remember."""
        return NoState()

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Tokens `(B, T, E)`, of which only their number counts, to the same features `(B, T, E)` at each place."""
        pooled = self.dropout(pool(memory, self.pooling))
        features = self.dropout(torch.tanh(self.readout(pooled)))
        return features.unsqueeze(1).expand(-1, embedded.shape[1], -1), state


def pool(memory: Memory, how: str) -> Tensor:
    """Memory to one vector per source, `(B, D)`; padding is not seen."""
    match how:
        case "max":
            return memory.states.masked_fill(~memory.mask.unsqueeze(2), -torch.inf).amax(dim=1)
        case "mean":
            return mean_of_tokens(memory.states, memory.mask)
        case _:
            return memory.summary
