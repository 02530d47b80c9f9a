"""Recurrent decoders: the three ways to see the source, each as its paper has it.

Every decoder is one function `run`: some embedded tokens and a state in, features and the next state out. Teacher
forcing is a run over the whole target, a step of decoding is a run over one token.

B batch, T target length, E embedding width, H decoder width, D memory width, L layers.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from seqloom.models.attention import AdditiveAttention, MultiplicativeAttention
from seqloom.models.memory import Memory
from seqloom.models.recurrent_cell import RecurrentCells, RecurrentState, first_state
from seqloom.models.stepwise_cell import StepwiseCells


class RecurrentDecoder(nn.Module, ABC):
    """What the three share: the state starts from the summary, and a readout ends at the embedding width."""

    def __init__(
        self, kind: str, layers: int, decoder_width: int, memory_width: int, read_width: int, width: int
    ) -> None:
        super().__init__()
        self.kind, self.layers = kind, layers
        self.bridge = nn.Linear(memory_width, layers * decoder_width)
        self.readout = nn.Linear(read_width, width)

    def prepare(self, memory: Memory) -> Memory:
        """What can be computed once per source, before the first token."""
        return memory

    def start(self, memory: Memory) -> RecurrentState:
        """tanh(W summary) in every layer, as Bahdanau et al. 2015 begin."""
        hidden = torch.tanh(self.bridge(memory.summary))  # (B, L H)
        return first_state(self.kind, hidden.view(len(hidden), self.layers, -1).transpose(0, 1).contiguous())

    @abstractmethod
    def run(self, embedded: Tensor, state: RecurrentState, memory: Memory) -> tuple[Tensor, RecurrentState]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""

    def read(self, *parts: Tensor) -> Tensor:
        """Deep output (Pascanu et al. 2014): what the logits are computed from, `(B, T, E)`."""
        return torch.tanh(self.readout(torch.cat(parts, dim=2)))


class FixedVectorDecoder(RecurrentDecoder):
    """No attention: the fixed-length vector enters every step and every output.  Cho et al. 2014, arXiv:1406.1078."""

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(kind, layers, decoder_width, memory_width, decoder_width + memory_width + width, width)
        self.cells = RecurrentCells(kind, width + memory_width, decoder_width, layers, dropout)

    def run(self, embedded: Tensor, state: RecurrentState, memory: Memory) -> tuple[Tensor, RecurrentState]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        summary = memory.summary.unsqueeze(1).expand(-1, embedded.shape[1], -1)
        outputs, state = self.cells(torch.cat([embedded, summary], dim=2), state)
        return self.read(outputs, summary, embedded), state


class AdditiveDecoder(RecurrentDecoder):
    """The state before a token chooses what is seen, which enters the cell.  Bahdanau et al. 2015, arXiv:1409.0473."""

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(kind, layers, decoder_width, memory_width, decoder_width + memory_width + width, width)
        self.cells = StepwiseCells(kind, width, memory_width, decoder_width, layers, dropout)
        self.attention = AdditiveAttention(decoder_width, memory_width, decoder_width)

    def prepare(self, memory: Memory) -> Memory:
        """The attention's keys."""
        return self.attention.prepare(memory)

    def run(self, embedded: Tensor, state: RecurrentState, memory: Memory) -> tuple[Tensor, RecurrentState]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        outputs, contexts = [], []
        for token_gates in self.cells.read_tokens(embedded).unbind(dim=1):  # (B, G H)
            context, _ = self.attention(state.hidden[-1].unsqueeze(1), memory)  # (B, 1, D)
            state = self.cells.step(token_gates, context.squeeze(1), state)
            outputs.append(state.hidden[-1].unsqueeze(1))
            contexts.append(context)
        return self.read(torch.cat(outputs, dim=1), torch.cat(contexts, dim=1), embedded), state


class MultiplicativeDecoder(RecurrentDecoder):
    """The state after a token chooses what is seen, and that joins the output.  Luong et al. 2015, arXiv:1508.04025.

    Nothing of the attention returns to the cell, so the whole target runs at once.
    """

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(kind, layers, decoder_width, memory_width, decoder_width + memory_width, width)
        self.cells = RecurrentCells(kind, width, decoder_width, layers, dropout)
        self.attention = MultiplicativeAttention(decoder_width, memory_width)

    def prepare(self, memory: Memory) -> Memory:
        """The attention's keys."""
        return self.attention.prepare(memory)

    def run(self, embedded: Tensor, state: RecurrentState, memory: Memory) -> tuple[Tensor, RecurrentState]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        outputs, state = self.cells(embedded, state)
        context, _ = self.attention(outputs, memory)
        return self.read(outputs, context), state
