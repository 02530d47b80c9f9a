"""Masked-language-model head, to pretrain an encoder on text alone.

B batch, T target length, S source length, E embedding width, D memory width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqloom.models.base_classes import Decoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.encoder_memory import Memory


@dataclass(frozen=True)
class MaskedLMState:
    """Position that is read next."""

    position: int

    def reorder(self, rows: Tensor) -> "MaskedLMState":  # noqa: ARG002 all rows are at one position
        """Return the same state: all rows are at one position."""
        return self

    def expand(self, hypotheses: int) -> "MaskedLMState":  # noqa: ARG002 likewise
        """Return the same state."""
        return self


class MaskedLMHead(Decoder):
    """Predictor of the source tokens, some of which are masked, position by position.

    Devlin et al. 2019, https://arxiv.org/abs/1810.04805. What was written before is not looked at.
    """

    def __init__(self, width: int, memory_width: int, dropout: float) -> None:
        super().__init__()
        self.readout = nn.Linear(memory_width, width)
        self.dropout = Dropout(dropout)

    def start(self, memory: Memory) -> MaskedLMState:  # noqa: ARG002 the contract's
        """Return the first position."""
        return MaskedLMState(0)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Return the features of the next T positions `(B, T, E)`; the tokens `(B, T, E)` themselves do not count."""
        assert isinstance(state, MaskedLMState)
        end, length = state.position + embedded.shape[1], memory.states.shape[1]
        positions = torch.arange(state.position, end, device=embedded.device)
        positions = positions.clamp_max(length - 1)  # none lies after END
        features = torch.tanh(self.readout(memory.states[:, positions]))
        return self.dropout(features), MaskedLMState(end)
