"""Recurrent decoders: the three ways to see the source, each as its paper has it.

B batch, T target length, E embedding width, H decoder width, D memory width, L layers.
"""

import torch
from torch import Tensor, nn

from seqloom.models.attention import AdditiveAttention, MultiplicativeAttention
from seqloom.models.contract import AttentiveDecoder, Decoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.memory import Memory
from seqloom.models.recurrent_cell import RecurrentCells, RecurrentState, first_state
from seqloom.models.stepwise_cell import StepwiseCells


class RecurrentDecoder(Decoder):
    """What the three share: the state starts from the summary, and a readout ends at the embedding width."""

    def __init__(
        self,
        kind: str,
        layers: int,
        decoder_width: int,
        memory_width: int,
        read_width: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.kind, self.layers = kind, layers
        self.bridge = nn.Linear(memory_width, layers * decoder_width)
        self.readout = nn.Linear(read_width, width)
        self.dropout = Dropout(dropout)

    def start(self, memory: Memory) -> State:
        """tanh(W summary) in every layer, as Bahdanau et al. 2015 begin."""
        hidden = torch.tanh(self.bridge(memory.summary))  # (B, L H)
        return first_state(self.kind, hidden.view(len(hidden), self.layers, -1).transpose(0, 1).contiguous())

    def read(self, *parts: Tensor) -> Tensor:
        """Deep output (Pascanu et al. 2014): what the logits are computed from, `(B, T, E)`."""
        features: Tensor = self.dropout(torch.tanh(self.readout(torch.cat(parts, dim=2))))
        return features


class FixedVectorDecoder(RecurrentDecoder):
    """No attention: the fixed-length vector enters every step and every output.  Cho et al. 2014, arXiv:1406.1078."""

    writes_from_summary = True

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(
            kind, layers, decoder_width, memory_width, decoder_width + memory_width + width, width, dropout
        )
        self.cells = RecurrentCells(kind, width + memory_width, decoder_width, layers, dropout)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        embedded = self.dropout(embedded)
        summary = memory.summary.unsqueeze(1).expand(-1, embedded.shape[1], -1)
        outputs, state = self.cells(torch.cat([embedded, summary], dim=2), state)
        return self.read(outputs, summary, embedded), state


class AdditiveDecoder(RecurrentDecoder, AttentiveDecoder):
    """The state before a token chooses what is seen, which enters the cell.  Bahdanau et al. 2015, arXiv:1409.0473."""

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(
            kind, layers, decoder_width, memory_width, decoder_width + memory_width + width, width, dropout
        )
        self.cells = StepwiseCells(kind, width, memory_width, decoder_width, layers, dropout)
        self.attention = AdditiveAttention(decoder_width, memory_width, decoder_width)

    def prepare(self, memory: Memory) -> Memory:
        """The attention's keys."""
        return self.attention.prepare(memory)

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        embedded = self.dropout(embedded)
        outputs, contexts, looks = [], [], []
        for token_gates in self.cells.read_tokens(embedded).unbind(dim=1):  # (B, G H)
            context, weights = self.attention(state.hidden[-1].unsqueeze(1), memory)  # (B, 1, D), (B, 1, S)
            state = self.cells.step(token_gates, context.squeeze(1), state)
            outputs.append(state.hidden[-1].unsqueeze(1))
            contexts.append(context)
            looks.append(weights)
        features = self.read(torch.cat(outputs, dim=1), torch.cat(contexts, dim=1), embedded)
        return features, torch.cat(looks, dim=1), state


class MultiplicativeDecoder(RecurrentDecoder, AttentiveDecoder):
    """The state after a token chooses what is seen, and that joins the output.  Luong et al. 2015, arXiv:1508.04025.

    Nothing of the attention returns to the cell, so the whole target runs at once.
    """

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(kind, layers, decoder_width, memory_width, decoder_width + memory_width, width, dropout)
        self.cells = RecurrentCells(kind, width, decoder_width, layers, dropout)
        self.attention = MultiplicativeAttention(decoder_width, memory_width)

    def prepare(self, memory: Memory) -> Memory:
        """The attention's keys."""
        return self.attention.prepare(memory)

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        outputs, state = self.cells(self.dropout(embedded), state)
        context, weights = self.attention(outputs, memory)
        return self.read(outputs, context), weights, state
