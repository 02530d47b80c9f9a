"""Recurrent cells (RNN, LSTM, GRU), for whole sequences and step by step, and their state.

B batch, T length, E embedding width, D context width, H width, G gates of the cell, L layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqloom.models.dropout import Dropout
from seqloom.models.initialization import initialize_recurrent

CELLS: dict[str, type[nn.RNN | nn.LSTM | nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


@dataclass(frozen=True)
class RecurrentState:
    """Hidden states and LSTM cells of all layers."""

    hidden: Tensor  # (L, B, H)
    cell: Tensor | None  # (L, B, H) of an LSTM

    def reorder(self, rows: Tensor) -> "RecurrentState":
        """Return the state whose row `i` is row `rows[i]` of this one: the surviving hypotheses of a beam."""
        cell = None if self.cell is None else self.cell.index_select(1, rows)
        return RecurrentState(self.hidden.index_select(1, rows), cell)

    def expand(self, hypotheses: int) -> "RecurrentState":
        """Return the state with so many adjacent rows in place of each: hypotheses that go on from it."""
        cell = None if self.cell is None else self.cell.repeat_interleave(hypotheses, 1)
        return RecurrentState(self.hidden.repeat_interleave(hypotheses, 1), cell)


def first_state(kind: str, hidden: Tensor) -> RecurrentState:
    """Return the state with this hidden part `(L, B, H)`; an LSTM's cell begins at zero."""
    return RecurrentState(hidden, torch.zeros_like(hidden) if kind == "lstm" else None)


def _has_no_bfloat16_lstm(device: torch.device) -> bool:
    """Return True where oneDNN has no LSTM in bfloat16 under autocast: on processors without AVX-512."""
    return device.type == "cpu" and torch.is_autocast_enabled("cpu") and not torch.cpu._is_avx512_supported()


class RecurrentCells(nn.Module):
    """Stack of recurrent layers: Elman 1990, Hochreiter and Schmidhuber 1997 (LSTM), Cho et al. 2014 (GRU)."""

    def __init__(self, kind: str, input_width: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.kind = kind
        self.width = width
        self.layers = layers
        between_layers = dropout if layers > 1 else 0.0
        self.cells = CELLS[kind](input_width, width, layers, batch_first=True, dropout=between_layers)
        initialize_recurrent(self.cells, kind, width, recurrent=("weight_hh", "bias_hh"))

    def forward(self, inputs: Tensor, state: RecurrentState) -> tuple[Tensor, RecurrentState]:
        """Map inputs `(B, T, E)` to outputs `(B, T, H)` and the state after the last."""
        if state.cell is None:
            outputs, hidden = self.cells(inputs, state.hidden)
            return outputs, RecurrentState(hidden, None)
        if _has_no_bfloat16_lstm(inputs.device):
            with torch.autocast("cpu", enabled=False):
                outputs, (hidden, cell) = self.cells(inputs.float(), (state.hidden.float(), state.cell.float()))
        else:
            outputs, (hidden, cell) = self.cells(inputs, (state.hidden, state.cell))
        return outputs, RecurrentState(hidden, cell)


GATES = {"rnn": 1, "lstm": 4, "gru": 3}


class StepwiseCells(nn.Module):
    """Stack of cells that reads a token and a context at every step, for a decoder that attends between tokens.

    torch's fused modules repack their weights at every call, at twice the cost of these few lines. What depends on the
    tokens alone is computed for all of them at once.
    """

    def __init__(
        self, kind: str, token_width: int, context_width: int, width: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        gates = GATES[kind] * width
        self.kind, self.width, self.layers = kind, width, layers
        self.token = nn.Linear(token_width, gates)
        self.context = nn.Linear(context_width, gates, bias=False)
        self.between = nn.ModuleList(nn.Linear(width, gates) for _ in range(layers - 1))
        self.recurrent = nn.ModuleList(nn.Linear(width, gates) for _ in range(layers))
        self.dropout = Dropout(dropout)
        initialize_recurrent(self, kind, width, recurrent=("recurrent",))

    def read_tokens(self, embedded: Tensor) -> Tensor:
        """Map embedded tokens `(B, T, E)` to their part of the first layer's gates `(B, T, G H)`."""
        gates: Tensor = self.token(embedded)
        return gates

    def step(self, token_gates: Tensor, context: Tensor, state: RecurrentState) -> RecurrentState:
        """Return the state after one token, given its gates `(B, G H)` and the context `(B, D)`."""
        inputs = _add_product(token_gates, self.context, context)
        hiddens: list[Tensor] = []
        cells: list[Tensor] = []
        for layer, recurrent in enumerate(self.recurrent):
            before = state.hidden[layer]
            if layer:
                inputs = self.between[layer - 1](self.dropout(hiddens[-1]))
            cell_before = None if state.cell is None else state.cell[layer]
            hidden, cell = self._cell(inputs, recurrent, before, cell_before)
            hiddens.append(hidden)
            cells.append(cell)
        return RecurrentState(torch.stack(hiddens), None if state.cell is None else torch.stack(cells))

    def _cell(self, inputs: Tensor, layer: nn.Module, hidden: Tensor, cell: Tensor | None) -> tuple[Tensor, Tensor]:
        """Map gates from the input `(B, G H)`, and the state `(B, H)` by its `layer`, to the new state `(B, H)`."""
        if self.kind == "rnn":  # Elman 1990
            hidden = torch.tanh(_add_product(inputs, layer, hidden))
            return hidden, hidden
        if self.kind == "gru":  # Cho et al. 2014, in the order of torch: reset, update, new
            recurrent = layer(hidden)
            reset, update = torch.sigmoid(inputs[:, : 2 * self.width] + recurrent[:, : 2 * self.width]).chunk(2, dim=1)
            new = torch.tanh(inputs[:, 2 * self.width :] + reset * recurrent[:, 2 * self.width :])
            hidden = new + update * (hidden - new)
            return hidden, hidden
        assert cell is not None
        gates = _add_product(inputs, layer, hidden)
        entry, forget, new, exit_ = gates.chunk(4, dim=1)  # Hochreiter and Schmidhuber 1997
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(entry) * torch.tanh(new)
        return torch.sigmoid(exit_) * torch.tanh(cell), cell


def _add_product(gates: Tensor, layer: nn.Module, inputs: Tensor) -> Tensor:
    """Return gates `(B, G H)` plus the layer's of inputs `(B, I)`; in a search they are written over.

    There the product is added up where the gates are: sums of it in passes of their own take a fifth as long as all
    products of the cells (docs/notes/speed.md).
    """
    device = gates.device.type
    if torch.is_grad_enabled() or type(layer) is not nn.Linear or torch.is_autocast_enabled(device) or device != "cpu":
        added: Tensor = gates + layer(inputs)
        return added
    gates.addmm_(inputs, layer.weight.t())
    return gates if layer.bias is None else gates.add_(layer.bias)
