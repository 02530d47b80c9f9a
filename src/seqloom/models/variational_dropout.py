"""Dropout that drops the same numbers at every time step.  Gal and Ghahramani 2016, https://arxiv.org/abs/1512.05287.

To drop a number from what a matrix reads is to drop the column of the matrix that would have read it; so the masks, of
the inputs, of the recurrence and of the outputs, are laid on the matrices once per batch, and torch's fused cells stay.
All sequences of a batch thus share their masks, as in Merity et al. 2018, https://arxiv.org/abs/1708.02182.
"""

from typing import Any

from torch import Tensor, nn
from torch.func import functional_call

from seqloom.models.base import AttentiveDecoder, Decoder, Encoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.memory import Memory

MASKED = {"cells", "readout"}
"""Modules whose matrices read inputs, states or outputs."""


class VariationalEncoder(Encoder):
    """A recurrent encoder, its matrices masked while training."""

    def __init__(self, encoder: Encoder, rate: float) -> None:
        super().__init__()
        self.memory_width = encoder.memory_width
        self.encoder = encoder
        self.dropout = Dropout(rate)

    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """As the encoder's own."""
        memory: Memory = functional_call(self.encoder, masked(self.encoder, self.dropout), (embedded, mask))
        return memory


class VariationalDecoder(AttentiveDecoder):
    """A recurrent decoder, its matrices masked while training."""

    def __init__(self, decoder: Decoder, rate: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.writes_from_summary = decoder.writes_from_summary
        self.dropout = Dropout(rate)

    def prepare(self, memory: Memory) -> Memory:
        """As the decoder's own."""
        return self.decoder.prepare(memory)

    def start(self, memory: Memory) -> State:
        """As the decoder's own."""
        return self.decoder.start(memory)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """As the decoder's own."""
        features, *_, state = self._call(embedded, state, memory)
        return features, state

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """As the decoder's own, where it is attentive."""
        features, weights, state = self._call(embedded, state, memory)
        return features, weights, state

    def _call(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Any, ...]:
        called: tuple[Any, ...] = functional_call(
            self.decoder, masked(self.decoder, self.dropout), (embedded, state, memory)
        )
        return called


def masked(module: nn.Module, dropout: Dropout) -> dict[str, Tensor]:
    """The matrices that read inputs, states or outputs, with columns dropped; none of them unless training."""
    if not dropout.training:
        return {}
    return {
        name: matrix * dropout(matrix.new_ones(matrix.shape[1]))
        for name, matrix in module.named_parameters()
        if matrix.dim() == 2 and MASKED & set(name.split("."))
    }
