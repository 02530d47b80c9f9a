"""Variational dropout: one mask for all time steps.  Gal and Ghahramani 2016, https://arxiv.org/abs/1512.05287.

To drop a number from what a matrix reads is to drop the column of the matrix that would have read it; so the masks, of
the inputs, of the recurrence and of the outputs, are laid on the matrices once per batch, and torch's fused cells stay.
All sequences of a batch thus share their masks, as in Merity et al. 2018, https://arxiv.org/abs/1708.02182.
"""

from typing import Any

from torch import Tensor, nn
from torch.func import functional_call

from seqloom.models.base_classes import AttentiveDecoder, Decoder, Encoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.encoder_memory import Memory

MASKED = {"cells", "readout"}
"""Modules whose matrices read inputs, states or outputs."""


class VariationalEncoder(Encoder):
    """Recurrent encoder whose matrices are masked in training."""

    def __init__(self, encoder: Encoder, rate: float) -> None:
        super().__init__()
        self.memory_width = encoder.memory_width
        self.encoder = encoder
        self.dropout = Dropout(rate)

    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Encode with masked matrices."""
        memory: Memory = functional_call(self.encoder, masked(self.encoder, self.dropout), (embedded, mask))
        return memory


class VariationalDecoder(AttentiveDecoder):
    """Recurrent decoder whose matrices are masked in training."""

    def __init__(self, decoder: Decoder, rate: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.writes_from_summary = decoder.writes_from_summary
        self.dropout = Dropout(rate)

    def prepare(self, memory: Memory) -> Memory:
        """Call the decoder's `prepare`."""
        return self.decoder.prepare(memory)

    def start(self, memory: Memory) -> State:
        """Call the decoder's `start`."""
        return self.decoder.start(memory)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Run with masked matrices."""
        features, *_, state = self._call(embedded, state, memory)
        return features, state

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Attend with masked matrices, if the decoder has attention."""
        features, weights, state = self._call(embedded, state, memory)
        return features, weights, state

    def _call(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Any, ...]:
        called: tuple[Any, ...] = functional_call(
            self.decoder, masked(self.decoder, self.dropout), (embedded, state, memory)
        )
        return called


def masked(module: nn.Module, dropout: Dropout) -> dict[str, Tensor]:
    """Return the matrices that read inputs, states or outputs, with columns dropped; none outside training."""
    if not dropout.training:
        return {}
    return {
        name: matrix * dropout(matrix.new_ones(matrix.shape[1]))
        for name, matrix in module.named_parameters()
        if matrix.dim() == 2 and MASKED & set(name.split("."))
    }
