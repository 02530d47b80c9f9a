"""The Transformer's decoder.

B batch, T target length, S source length, P tokens so far, E embedding width, D width, L layers.
"""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from seqloom.models.base import AttentiveDecoder, State
from seqloom.models.input_embedding import InputEmbedding
from seqloom.models.memory import Memory
from seqloom.models.transformer_layer import (
    CrossAttention,
    FeedForward,
    Past,
    Residual,
    SelfAttention,
    Shape,
    initialize,
)


@dataclass(frozen=True)
class TransformerState:
    """The keys and values of every token so far, so that none is computed twice."""

    layers: tuple[Past, ...]  # one per layer; none before the first token

    @property
    def length(self) -> int:
        """Tokens so far."""
        return self.layers[0][0].shape[2] if self.layers else 0

    def reorder(self, rows: Tensor) -> "TransformerState":
        """Row `i` becomes what row `rows[i]` was."""
        return TransformerState(tuple((k.index_select(0, rows), v.index_select(0, rows)) for k, v in self.layers))


class TransformerDecoder(AttentiveDecoder):
    """Self-attention to what was written, attention to the source, feed-forward; Vaswani et al. 2017.

    Without an encoder there is no attention to the source: GPT's shape.
    """

    def __init__(self, shape: Shape, width: int, layers: int, memory_width: int, positions: str, places: int) -> None:
        super().__init__()
        self.input_embedding = InputEmbedding(width, shape.width, positions, places, shape.dropout)
        self.layers = nn.ModuleList(DecoderLayer(shape, memory_width > 0) for _ in range(layers))
        self.kv_proj = nn.Linear(memory_width, layers * 2 * shape.width) if memory_width else None
        self.norm = nn.LayerNorm(shape.width) if shape.norm_first else nn.Identity()
        self.out_proj = nn.Identity() if width == shape.width else nn.Linear(shape.width, width)
        initialize(self)

    def prepare(self, memory: Memory) -> Memory:
        """The keys and values of all layers, `(B, S, L 2 D)`, by one product."""
        return replace(memory, keys=self.kv_proj(memory.states)) if self.kv_proj else memory

    def start(self, memory: Memory) -> TransformerState:  # noqa: ARG002 the contract's
        """Nothing is written yet."""
        return TransformerState(())

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        features, _, state = self._read(embedded, state, memory)
        return features, state

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """A run that also returns where the last layer looked, `(B, T, S)`, the mean of its heads."""
        features, asked, state = self._read(embedded, state, memory)
        assert memory.keys is not None
        last = self.layers[-1]
        assert isinstance(last, DecoderLayer)
        weights = last.cross_attention.weights(asked, memory.keys.chunk(len(self.layers), dim=2)[-1], memory.mask)
        return features, weights, state

    def _read(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Features, what the last layer asked the source `(B, T, D)`, and the state."""
        assert isinstance(state, TransformerState)
        mask = memory.mask[:, None, None, :]
        nothing = (None,) * len(self.layers)
        keys_values = nothing if memory.keys is None else memory.keys.chunk(len(self.layers), dim=2)
        pasts = state.layers or nothing
        inputs = self.input_embedding(embedded, state.length)
        layers = []
        for layer, past, source in zip(self.layers, pasts, keys_values, strict=True):
            inputs, asked, past = layer(inputs, past, source, mask)
            layers.append(past)
        features: Tensor = self.out_proj(self.norm(inputs))
        return features, asked, TransformerState(tuple(layers))


class DecoderLayer(nn.Module):
    """One layer, over tokens that follow `past`."""

    def __init__(self, shape: Shape, sees_source: bool) -> None:
        super().__init__()
        self.self_attention, self.self_attention_residual = SelfAttention(shape), Residual(shape)
        if sees_source:
            self.cross_attention, self.cross_attention_residual = CrossAttention(shape), Residual(shape)
        self.feedforward, self.feedforward_residual = FeedForward(shape), Residual(shape)

    def forward(
        self, inputs: Tensor, past: Past | None, source: Tensor | None, mask: Tensor
    ) -> tuple[Tensor, Tensor, Past]:
        """Inputs `(B, T, D)`, what came before, source keys and values `(B, S, 2 D)`, mask `(B, 1, 1, S)`.

        To outputs `(B, T, D)`, what the source was asked `(B, T, D)`, and the past with these tokens.
        """
        asked = inputs

        def attention(x: Tensor) -> Tensor:
            nonlocal past
            mixed, past = self.self_attention.run(x, past)
            return mixed

        def look(x: Tensor) -> Tensor:
            nonlocal asked
            asked = x
            seen: Tensor = self.cross_attention(x, source, mask)
            return seen

        inputs = self.self_attention_residual(inputs, attention)
        if source is not None:
            inputs = self.cross_attention_residual(inputs, look)
        inputs = self.feedforward_residual(inputs, self.feedforward)
        assert past is not None
        return inputs, asked, past
