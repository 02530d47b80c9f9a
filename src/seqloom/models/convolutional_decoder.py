"""The convolutional decoder.

B batch, T target length, S source length, E embedding width, D width, C memory width, P inputs a kernel looks back on.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from seqloom.models.attention import mix
from seqloom.models.contract import AttentiveDecoder, State
from seqloom.models.convolution import HALF, GatedConvolution, linear
from seqloom.models.dropout import Dropout
from seqloom.models.entrance import Entrance
from seqloom.models.memory import Memory


@dataclass(frozen=True)
class ConvolutionalState:
    """What the next windows look back on."""

    length: int  # tokens so far
    layers: tuple[Tensor, ...]  # the last inputs of each layer, (B, P, D); zeros before the first token

    def reorder(self, rows: Tensor) -> "ConvolutionalState":
        """Row `i` becomes what row `rows[i]` was."""
        return ConvolutionalState(self.length, tuple(inputs.index_select(0, rows) for inputs in self.layers))


class ConvolutionalDecoder(AttentiveDecoder):
    """Causal gated convolutions, each followed by attention to the source.  Gehring et al. 2017, arXiv:1705.03122."""

    def __init__(
        self,
        width: int,
        decoder_width: int,
        layers: int,
        kernel_width: int,
        memory_width: int,
        positions: str,
        places: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.look_back = kernel_width - 1
        self.width = decoder_width
        self.enter = Entrance(width, width, positions, places, dropout)
        self.widen = linear(width, decoder_width)
        self.key = nn.Identity() if memory_width in (0, width) else linear(memory_width, width)
        self.layers = nn.ModuleList(
            ConvolutionalLayer(width, decoder_width, kernel_width, memory_width, dropout) for _ in range(layers)
        )
        self.leave = linear(decoder_width, width)
        self.dropout = Dropout(dropout)

    def prepare(self, memory: Memory) -> Memory:
        """The keys of all layers, `(B, S, E)`: the encoder's own, or its states."""
        return replace(memory, keys=self.key(memory.states if memory.keys is None else memory.keys))

    def start(self, memory: Memory) -> ConvolutionalState:
        """Nothing is written yet."""
        nothing = memory.states.new_zeros(len(memory.mask), self.look_back, self.width)
        return ConvolutionalState(0, (nothing,) * len(self.layers))

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        features, _, state = self._read(embedded, state, memory)
        return features, state

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """A run that also returns where the last layer looked, `(B, T, S)`."""
        features, weights, state = self._read(embedded, state, memory)
        assert weights is not None
        return features, weights, state

    def _read(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor | None, State]:
        assert isinstance(state, ConvolutionalState)
        length = embedded.shape[1]
        entered = self.enter(embedded, state.length)
        inputs = self.widen(entered)
        seen = []
        for layer, before in zip(self.layers, state.layers, strict=True):
            reached = torch.cat([before, inputs], dim=1)  # (B, P + T, D)
            seen.append(reached[:, length:])
            inputs, weights = layer(reached, inputs, entered, memory)
        features: Tensor = self.dropout(self.leave(inputs))
        return features, weights, ConvolutionalState(state.length + length, tuple(seen))


class ConvolutionalLayer(nn.Module):
    """A gated convolution, attention to the source, a residual around both."""

    def __init__(self, width: int, decoder_width: int, kernel_width: int, memory_width: int, dropout: float) -> None:
        super().__init__()
        self.convolution = GatedConvolution(decoder_width, kernel_width, dropout)
        self.attention = SourceAttention(width, decoder_width, memory_width) if memory_width else None

    def forward(self, reached: Tensor, inputs: Tensor, entered: Tensor, memory: Memory) -> tuple[Tensor, Tensor | None]:
        """Inputs `(B, T, D)`, those with what their windows reach `(B, P + T, D)` and tokens `(B, T, E)`.

        To outputs `(B, T, D)` and, where there is a source, attention's weights `(B, T, S)`.
        """
        states: Tensor = self.convolution(reached)
        if self.attention is None:
            return (states + inputs) * HALF, None
        seen, weights = self.attention(states, entered, memory)
        states = (states + seen) * HALF
        return (states + inputs) * HALF, weights


class SourceAttention(nn.Module):
    """What is seen of the source, given a layer's states and the tokens themselves."""

    def __init__(self, width: int, decoder_width: int, memory_width: int) -> None:
        super().__init__()
        self.query = linear(decoder_width, width)
        self.scale = width**-0.5  # scores as flat at first as those of their smaller embeddings
        self.context = linear(memory_width, decoder_width)

    def forward(self, states: Tensor, entered: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """States `(B, T, D)` and tokens `(B, T, E)` to what is seen `(B, T, D)` and the weights `(B, T, S)`."""
        assert memory.keys is not None
        query = (self.query(states) + entered) * HALF
        contexts, weights = mix(query @ memory.keys.transpose(1, 2) * self.scale, memory)
        tokens = memory.mask.sum(dim=1).view(-1, 1, 1)  # the mean of m states varies 1/m as much as one of them
        return self.context(contexts * tokens**0.5), weights
