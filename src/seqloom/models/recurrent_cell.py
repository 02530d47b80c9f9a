"""The three recurrent cells, and the state they carry from token to token.

L layers, B batch, T length, H width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

CELLS: dict[str, type[nn.RNN | nn.LSTM | nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


@dataclass(frozen=True)
class RecurrentState:
    """What a recurrent decoder remembers between tokens."""

    hidden: Tensor  # (L, B, H)
    cell: Tensor | None  # (L, B, H) of an LSTM

    def reorder(self, rows: Tensor) -> "RecurrentState":
        """Row `i` becomes what row `rows[i]` was: a beam's survivors take their places."""
        cell = None if self.cell is None else self.cell.index_select(1, rows)
        return RecurrentState(self.hidden.index_select(1, rows), cell)


def first_state(kind: str, hidden: Tensor) -> RecurrentState:
    """The state whose hidden part is `hidden` `(L, B, H)`; an LSTM's cell begins at zero."""
    return RecurrentState(hidden, torch.zeros_like(hidden) if kind == "lstm" else None)


def _has_no_bfloat16_lstm(device: torch.device) -> bool:
    """Whether autocast would ask oneDNN for an LSTM in bfloat16 that it refuses: on processors without AVX-512."""
    return device.type == "cpu" and torch.is_autocast_enabled("cpu") and not torch.cpu._is_avx512_supported()


class RecurrentCells(nn.Module):
    """A stack of cells of one kind: Elman 1990, Hochreiter and Schmidhuber 1997 (LSTM), Cho et al. 2014 (GRU)."""

    def __init__(self, kind: str, input_width: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.kind = kind
        self.width = width
        self.layers = layers
        between_layers = dropout if layers > 1 else 0.0
        self.cells = CELLS[kind](input_width, width, layers, batch_first=True, dropout=between_layers)
        self._initialise()

    def forward(self, inputs: Tensor, state: RecurrentState) -> tuple[Tensor, RecurrentState]:
        """Inputs `(B, T, E)` to outputs `(B, T, H)` and the state after the last."""
        if state.cell is None:
            outputs, hidden = self.cells(inputs, state.hidden)
            return outputs, RecurrentState(hidden, None)
        if _has_no_bfloat16_lstm(inputs.device):
            with torch.autocast("cpu", enabled=False):
                outputs, (hidden, cell) = self.cells(inputs.float(), (state.hidden.float(), state.cell.float()))
        else:
            outputs, (hidden, cell) = self.cells(inputs, (state.hidden, state.cell))
        return outputs, RecurrentState(hidden, cell)

    def _initialise(self) -> None:
        """Orthogonal recurrences keep gradients alive; an LSTM's forget gate begins open (Jozefowicz et al. 2015)."""
        for name, parameter in self.cells.named_parameters():
            if name.startswith("weight_hh"):
                for block in parameter.data.view(-1, self.width, self.width):
                    nn.init.orthogonal_(block)
            elif name.startswith("weight_ih"):
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)
                if self.kind == "lstm" and name.startswith("bias_ih"):
                    parameter.data[self.width : 2 * self.width].fill_(1.0)
