"""A recurrent decoder that is told what it saw.

B batch, T target length, S source length, E embedding width, H decoder width, D memory width, L layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.models.attention import MultiplicativeAttention
from seqloom.models.contract import AttentiveDecoder, State
from seqloom.models.memory import Memory
from seqloom.models.recurrent_cell import RecurrentState
from seqloom.models.recurrent_decoder import RecurrentDecoder
from seqloom.models.stepwise_cell import StepwiseCells


@dataclass(frozen=True)
class FedState:
    """The cells' state, and what the next of them is fed."""

    cells: RecurrentState
    fed: Tensor  # (B, E) the attentional vector of the last token; zeros before the first

    def reorder(self, rows: Tensor) -> "FedState":
        """Row `i` becomes what row `rows[i]` was."""
        return FedState(self.cells.reorder(rows), self.fed.index_select(0, rows))


class InputFeedingDecoder(RecurrentDecoder, AttentiveDecoder):
    """Each attentional vector enters the cell beside the next token.  Luong et al. 2015 (3.3), arXiv:1508.04025."""

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(kind, layers, decoder_width, memory_width, decoder_width + memory_width, width, dropout)
        self.cells = StepwiseCells(kind, width, width, decoder_width, layers, dropout)
        self.attention = MultiplicativeAttention(decoder_width, memory_width)

    def prepare(self, memory: Memory) -> Memory:
        """The attention's keys."""
        return self.attention.prepare(memory)

    def start(self, memory: Memory) -> FedState:
        """From the summary; nothing was seen yet."""
        cells = super().start(memory)
        assert isinstance(cells, RecurrentState)
        return FedState(cells, memory.states.new_zeros(len(memory.mask), self.readout.out_features))

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, FedState)
        cells, fed = state.cells, state.fed
        vectors, looks = [], []
        for token_gates in self.cells.read_tokens(self.dropout(embedded)).unbind(dim=1):  # (B, G H)
            cells = self.cells.step(token_gates, fed, cells)
            output = cells.hidden[-1].unsqueeze(1)
            context, weights = self.attention(output, memory)
            vectors.append(torch.tanh(self.readout(torch.cat([output, context], dim=2))))  # (B, 1, E)
            looks.append(weights)
            fed = vectors[-1].squeeze(1)
        features: Tensor = self.dropout(torch.cat(vectors, dim=1))
        return features, torch.cat(looks, dim=1), FedState(cells, fed)
