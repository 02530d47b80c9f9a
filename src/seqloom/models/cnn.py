"""Convolutional encoder and decoder of Gehring et al. 2017, https://arxiv.org/abs/1705.03122.

B batch, T target length, S source length, E embedding width, D width, C memory width, W kernel size, P = W - 1
positions that a kernel reaches beyond its own.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.models.attention import mix
from seqloom.models.base_classes import AttentiveDecoder, Encoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.encoder_memory import Memory, mean_of_tokens
from seqloom.models.initialization import initialize_gated, new_linear
from seqloom.models.input_embedding import InputEmbedding

HALF = math.sqrt(0.5)
"""Factor that gives the sum of two independent terms the variance of one of them."""


class GatedConvolution(nn.Module):
    """Convolution over W positions with gated linear units (Dauphin et al. 2017).

    The windows are laid side by side and multiplied at once: a plain matrix product, which bfloat16 makes fastest.
    """

    def __init__(self, width: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.window = nn.Linear(kernel_size * width, 2 * width)
        self.dropout = Dropout(dropout)
        initialize_gated(self.window, dropout)

    def forward(self, reached: Tensor) -> Tensor:
        """Map inputs with the positions that their windows reach, `(B, T + P, D)`, to `(B, T, D)`."""
        length = reached.shape[1] - self.kernel_size + 1
        dropped = self.dropout(reached)
        windows = torch.cat([dropped[:, start : start + length] for start in range(self.kernel_size)], dim=2)
        return F.glu(self.window(windows), dim=2)


class ConvolutionalEncoder(Encoder):
    """Gated convolutions with residual connections.  Gehring et al. 2017, arXiv:1705.03122.

    Attention compares what the stack puts out (the keys) and mixes that together with what it took in (the states), so
    that a decoder sees a token in its context and the token itself. Their weight normalization is left out.
    """

    def __init__(
        self,
        width: int,
        encoder_width: int,
        layers: int,
        kernel_size: int,
        positions: str,
        max_positions: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.memory_width = width
        self.input_embedding = InputEmbedding(width, width, positions, max_positions, dropout)
        self.in_proj = new_linear(width, encoder_width)
        self.layers = nn.ModuleList(GatedConvolution(encoder_width, kernel_size, dropout) for _ in range(layers))
        self.out_proj = new_linear(encoder_width, width)
        self.reach = ((kernel_size - 1) // 2, kernel_size // 2)  # positions before and after

    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Encode the embedded source `(B, S, E)` with its mask `(B, S)` to memory with keys `(B, S, E)`."""
        entered = self.input_embedding(embedded, 0)
        padding = ~mask.unsqueeze(2)
        states = self.in_proj(entered)
        for layer in self.layers:
            reached = F.pad(states.masked_fill(padding, 0.0), (0, 0, *self.reach))
            states = (layer(reached) + states) * HALF
        keys = self.out_proj(states)
        states = (keys + entered) * HALF
        return Memory(states, mask, mean_of_tokens(states, mask), keys)


@dataclass(frozen=True)
class ConvolutionalState:
    """Last inputs of each layer, which the next windows reach."""

    length: int  # tokens so far
    layers: tuple[Tensor, ...]  # the last inputs of each layer, (B, P, D); zeros before the first token

    def reorder(self, rows: Tensor) -> "ConvolutionalState":
        """Return the state whose row `i` is row `rows[i]` of this one."""
        return ConvolutionalState(self.length, tuple(inputs.index_select(0, rows) for inputs in self.layers))

    def expand(self, hypotheses: int) -> "ConvolutionalState":
        """Return the state with so many adjacent rows in place of each: hypotheses that go on from it."""
        return ConvolutionalState(self.length, tuple(part.repeat_interleave(hypotheses, 0) for part in self.layers))


class ConvolutionalDecoder(AttentiveDecoder):
    """Causal gated convolutions, each followed by attention to the source.  Gehring et al. 2017, arXiv:1705.03122."""

    def __init__(
        self,
        width: int,
        decoder_width: int,
        layers: int,
        kernel_size: int,
        memory_width: int,
        positions: str,
        max_positions: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.look_back = kernel_size - 1
        self.width = decoder_width
        self.input_embedding = InputEmbedding(width, width, positions, max_positions, dropout)
        self.in_proj = new_linear(width, decoder_width)
        self.key = nn.Identity() if memory_width in (0, width) else new_linear(memory_width, width)
        self.layers = nn.ModuleList(
            ConvolutionalLayer(width, decoder_width, kernel_size, memory_width, dropout) for _ in range(layers)
        )
        self.out_proj = new_linear(decoder_width, width)
        self.dropout = Dropout(dropout)

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys of all layers, `(B, S, E)`: the encoder's own, or its states."""
        return replace(memory, keys=self.key(memory.states if memory.keys is None else memory.keys))

    def start(self, memory: Memory) -> ConvolutionalState:
        """Return the state before the first token: zeros."""
        nothing = memory.states.new_zeros(memory.rows, self.look_back, self.width)
        return ConvolutionalState(0, (nothing,) * len(self.layers))

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        features, _, state = self._read(embedded, state, memory)
        return features, state

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Run, and return also the attention weights of the last layer, `(B, T, S)`."""
        features, weights, state = self._read(embedded, state, memory)
        assert weights is not None
        return features, weights, state

    def _read(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor | None, State]:
        assert isinstance(state, ConvolutionalState)
        length = embedded.shape[1]
        entered = self.input_embedding(embedded, state.length)
        inputs = self.in_proj(entered)
        seen = []
        for layer, before in zip(self.layers, state.layers, strict=True):
            reached = torch.cat([before, inputs], dim=1)  # (B, P + T, D)
            seen.append(reached[:, length:])
            inputs, weights = layer(reached, inputs, entered, memory)
        features: Tensor = self.dropout(self.out_proj(inputs))
        return features, weights, ConvolutionalState(state.length + length, tuple(seen))


class ConvolutionalLayer(nn.Module):
    """Gated convolution and attention to the source, with a residual connection around both."""

    def __init__(self, width: int, decoder_width: int, kernel_size: int, memory_width: int, dropout: float) -> None:
        super().__init__()
        self.convolution = GatedConvolution(decoder_width, kernel_size, dropout)
        self.attention = SourceAttention(width, decoder_width, memory_width) if memory_width else None

    def forward(self, reached: Tensor, inputs: Tensor, entered: Tensor, memory: Memory) -> tuple[Tensor, Tensor | None]:
        """Map inputs `(B, T, D)`, with their windows `(B, P + T, D)` and tokens `(B, T, E)`, to outputs.

        Return outputs `(B, T, D)` and attention weights `(B, T, S)`, None without an encoder.
        """
        states: Tensor = self.convolution(reached)
        if self.attention is None:
            return (states + inputs) * HALF, None
        seen, weights = self.attention(states, entered, memory)
        states = (states + seen) * HALF
        return (states + inputs) * HALF, weights


class SourceAttention(nn.Module):
    """Dot-product attention of a layer's states, with the token embeddings added, to the source."""

    def __init__(self, width: int, decoder_width: int, memory_width: int) -> None:
        super().__init__()
        self.query = new_linear(decoder_width, width)
        self.scale = width**-0.5  # scores as flat at first as those of their smaller embeddings
        self.context = new_linear(memory_width, decoder_width)

    def forward(self, states: Tensor, entered: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Map states `(B, T, D)` and tokens `(B, T, E)` to contexts `(B, T, D)` and weights `(B, T, S)`."""
        assert memory.keys is not None
        query = (self.query(states) + entered) * HALF
        contexts, weights = mix(memory.by_source(query) @ memory.keys.transpose(1, 2) * self.scale, memory)
        tokens = memory.for_rows(memory.mask.sum(dim=1)).view(-1, 1, 1)  # the mean of m states varies 1/m as one does
        return self.context(contexts * tokens**0.5), weights
