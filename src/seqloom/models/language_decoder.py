"""A recurrent decoder that sees no source.

B batch, T target length, E embedding width, H decoder width, L layers.
"""

from torch import Tensor, nn

from seqloom.models.contract import Decoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.memory import Memory
from seqloom.models.recurrent_cell import RecurrentCells, RecurrentState, first_state


class LanguageDecoder(Decoder):
    """A recurrent language model.  Mikolov et al. 2010, "Recurrent neural network based language model"."""

    def __init__(self, kind: str, width: int, decoder_width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.cells = RecurrentCells(kind, width, decoder_width, layers, dropout)
        self.readout = nn.Linear(decoder_width, width)
        self.dropout = Dropout(dropout)

    def start(self, memory: Memory) -> RecurrentState:
        """Zeros: nothing is known yet."""
        nothing = memory.states.new_zeros(self.cells.layers, len(memory.mask), self.cells.width)
        return first_state(self.cells.kind, nothing)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:  # noqa: ARG002 it sees none
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        embedded = self.dropout(embedded)
        outputs, state = self.cells(embedded, state)
        features: Tensor = self.readout(self.dropout(outputs))
        return features, state
