"""Recurrent encoders.

B batch, S source length, E embedding width, H width of a direction, D memory width (H, or 2 H in both directions).
"""

import torch
from torch import Tensor, nn

from seqloom.models.base_classes import Encoder
from seqloom.models.dropout import Dropout
from seqloom.models.encoder_memory import Memory
from seqloom.models.rnn_cells import RecurrentCells, first_state


class RecurrentEncoder(Encoder):
    """Stack of recurrent layers, in one or both directions (Schuster and Paliwal 1997).

    Padding stands behind the tokens, so a forward run has read nothing of it when it passes the last token; the
    backward run reads each row reversed within its own length. Hence no packing, and no row sees another's length.
    A source read backwards alone (Sutskever et al. 2014, https://arxiv.org/abs/1409.3215) brings its first words next
    to the target's; its states stand where their tokens do all the same.
    """

    def __init__(
        self,
        kind: str,
        width: int,
        encoder_width: int,
        layers: int,
        bidirectional: bool,
        dropout: float,
        reverse_source: bool = False,
    ) -> None:
        super().__init__()
        self.memory_width = encoder_width * (2 if bidirectional else 1)
        widths = [width] + [self.memory_width] * (layers - 1)
        self.forwards = nn.ModuleList(RecurrentCells(kind, w, encoder_width, 1, 0.0) for w in widths)
        self.backwards = nn.ModuleList(RecurrentCells(kind, w, encoder_width, 1, 0.0) for w in widths if bidirectional)
        self.dropout = Dropout(dropout)
        self.reverse_source = reverse_source

    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Encode the embedded source `(B, S, E)` with its mask `(B, S)` to memory `(B, S, D)`."""
        lengths = mask.sum(dim=1)
        rows = torch.arange(len(mask), device=mask.device)
        turned = reversal(lengths, mask.shape[1])
        states = _turn(embedded, turned) if self.reverse_source else embedded
        for layer, forwards in enumerate(self.forwards):
            states = self.dropout(states)
            onwards = _run(forwards, states)
            summary = onwards[rows, lengths - 1]
            if self.backwards:
                back = _run(self.backwards[layer], _turn(states, turned))
                summary = torch.cat([summary, back[rows, lengths - 1]], dim=1)
                onwards = torch.cat([onwards, _turn(back, turned)], dim=2)
            states = onwards
        if self.reverse_source:
            states = _turn(states, turned)
        return Memory(states, mask, summary)


def reversal(lengths: Tensor, width: int) -> Tensor:
    """Return indices `(B, S)` that reverse the first `lengths[b]` positions of row `b` and leave its padding."""
    positions = torch.arange(width, device=lengths.device).unsqueeze(0)
    ends = lengths.unsqueeze(1)
    return torch.where(positions < ends, ends - 1 - positions, positions)


def _turn(states: Tensor, turned: Tensor) -> Tensor:
    return states.gather(1, turned.unsqueeze(2).expand_as(states))


def _run(cells: nn.Module, inputs: Tensor) -> Tensor:
    assert isinstance(cells, RecurrentCells)
    zeros = inputs.new_zeros(cells.layers, len(inputs), cells.width)
    outputs, _ = cells(inputs, first_state(cells.kind, zeros))
    assert isinstance(outputs, Tensor)
    return outputs
