"""Transformer decoder.

B sources, K hypotheses of a source, N = B K rows, T target length, S source length, E embedding width, D width,
L layers.
"""

from dataclasses import replace

from torch import Tensor, nn

from seqloom.models.base_classes import AttentiveDecoder, State
from seqloom.models.encoder_memory import Memory
from seqloom.models.initialization import initialize_transformer
from seqloom.models.input_embedding import InputEmbedding
from seqloom.models.key_value_cache import NewTokens, Past, TransformerState
from seqloom.models.multi_head_attention import CrossAttention, SelfAttention, Shape
from seqloom.models.transformer_layer import FeedForward, Residual


class TransformerDecoder(AttentiveDecoder):
    """Stack of causal self-attention, cross-attention and feed-forward layers; Vaswani et al. 2017.

    Without an encoder there is no cross-attention, as in GPT.
    """

    def __init__(
        self, shape: Shape, width: int, layers: int, memory_width: int, positions: str, max_positions: int
    ) -> None:
        super().__init__()
        self.input_embedding = InputEmbedding(width, shape.width, positions, max_positions, shape.dropout)
        self.layers = nn.ModuleList(DecoderLayer(shape, memory_width > 0) for _ in range(layers))
        self.kv_proj = nn.Linear(memory_width, layers * 2 * shape.width) if memory_width else None
        self.norm = nn.LayerNorm(shape.width) if shape.norm_first else nn.Identity()
        self.out_proj = nn.Identity() if width == shape.width else nn.Linear(shape.width, width)
        initialize_transformer(self)

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys and values of all layers, `(B, S, L 2 D)`, by one product."""
        return replace(memory, keys=self.kv_proj(memory.states)) if self.kv_proj else memory

    def start(self, memory: Memory) -> TransformerState:
        """Return an empty cache."""
        return TransformerState((), 0, memory.hypotheses)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map embedded tokens `(N, T, E)` to features `(N, T, E)` and the state after the last."""
        features, _, state = self._read(embedded, state, memory)
        return features, state

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Run, and return also the attention weights of the last layer, `(N, T, S)`, averaged over its heads."""
        features, queries, state = self._read(embedded, state, memory)
        assert memory.keys is not None
        last = self.layers[-1]
        assert isinstance(last, DecoderLayer)
        weights = last.cross_attention.weights(queries, memory.keys.chunk(len(self.layers), dim=2)[-1], memory.mask)
        return features, memory.by_row(weights), state

    def _read(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Return the features, the queries of the last layer's cross-attention `(B, K T, D)`, and the state."""
        assert isinstance(state, TransformerState)
        mask = memory.mask[:, None, None, :]
        nothing = (None,) * len(self.layers)
        keys_values = nothing if memory.keys is None else memory.keys.chunk(len(self.layers), dim=2)
        pasts = state.layers or nothing
        new, writers = state.read(embedded.shape[1], len(embedded), embedded.device)
        inputs = memory.by_source(self.input_embedding(embedded, state.length))  # (B, K T, D)
        layers = []
        for layer, past, source in zip(self.layers, pasts, keys_values, strict=True):
            inputs, queries, past = layer(inputs, past, new, source, mask)
            layers.append(past)
        features: Tensor = memory.by_row(self.out_proj(self.norm(inputs)))
        end = state.length + embedded.shape[1]
        return features, queries, TransformerState(tuple(layers), end, state.hypotheses, writers)


class DecoderLayer(nn.Module):
    """Decoder layer over tokens that follow `past`."""

    def __init__(self, shape: Shape, sees_source: bool) -> None:
        super().__init__()
        self.self_attention, self.self_attention_residual = SelfAttention(shape), Residual(shape)
        if sees_source:
            self.cross_attention, self.cross_attention_residual = CrossAttention(shape), Residual(shape)
        self.feedforward, self.feedforward_residual = FeedForward(shape), Residual(shape)

    def forward(
        self, inputs: Tensor, past: Past | None, new: NewTokens, source: Tensor | None, mask: Tensor
    ) -> tuple[Tensor, Tensor, Past]:
        """Map inputs `(B, K T, D)`, with the cache, source keys and values `(B, S, 2 D)` and mask `(B, 1, 1, S)`.

        Return outputs `(B, K T, D)`, queries to the source `(B, K T, D)`, and the cache with these tokens.
        """
        queries = inputs

        def self_attention(x: Tensor) -> Tensor:
            nonlocal past
            mixed, past = self.self_attention.run(x, past, new)
            return mixed

        def cross_attention(x: Tensor) -> Tensor:
            nonlocal queries
            queries = x
            context: Tensor = self.cross_attention(x, source, mask)
            return context

        inputs = self.self_attention_residual(inputs, self_attention)
        if source is not None:
            inputs = self.cross_attention_residual(inputs, cross_attention)
        inputs = self.feedforward_residual(inputs, self.feedforward)
        assert past is not None
        return inputs, queries, past
