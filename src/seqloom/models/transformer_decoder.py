"""Transformer decoder.

B sources, K hypotheses of a source, N = B K rows, T target length, S source length, E embedding width, D width,
L layers.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from seqloom.models.base_classes import AttentiveDecoder, State
from seqloom.models.encoder_memory import Memory
from seqloom.models.few_shapes import Linear
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
        self.kv_proj = Linear(memory_width, layers * 2 * shape.width) if memory_width else None
        self.norm = nn.LayerNorm(shape.width) if shape.norm_first else nn.Identity()
        self.out_proj = nn.Identity() if width == shape.width else Linear(shape.width, width)
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
        nothing = (None,) * len(self.layers)
        source: Sequence[Tensor | Past | None]
        if memory.keys is None:
            source, mask = nothing, memory.mask
        elif embedded.shape[1] == 1 and not self.training:
            source = state.source or self._cached(memory.keys)
            mask = torch.zeros(memory.mask.shape, device=memory.mask.device).masked_fill_(~memory.mask, -torch.inf)
            state = replace(state, source=source)
        else:
            source, mask = memory.keys.chunk(len(self.layers), dim=2), memory.mask
        new, seen = state.read(embedded.shape[1], len(embedded), embedded.device)
        inputs = memory.by_source(self.input_embedding(embedded, state.length))  # (B, K T, D)
        layers = []
        for layer, past, each in zip(self.layers, state.layers or nothing, source, strict=True):
            inputs, queries, past = layer(inputs, past, new, each, mask[:, None, None, :])
            layers.append(past)
        features: Tensor = memory.by_row(self.out_proj(self.norm(inputs)))
        end, entries = state.length + embedded.shape[1], state.entries + inputs.shape[1]
        return features, queries, replace(state, layers=tuple(layers), length=end, entries=entries, seen=seen)

    def _cached(self, keys: Tensor) -> tuple[Past, ...]:
        """Lay out the keys and values of all layers, `(B, S, L 2 D)`, for the steps of a search."""
        parts = zip(self.layers, keys.chunk(len(self.layers), dim=2), strict=True)
        return tuple(layer.cross_attention.cached(part) for layer, part in parts if isinstance(layer, DecoderLayer))


class DecoderLayer(nn.Module):
    """Decoder layer over tokens that follow `past`."""

    def __init__(self, shape: Shape, sees_source: bool) -> None:
        super().__init__()
        self.self_attention, self.self_attention_residual = SelfAttention(shape), Residual(shape)
        if sees_source:
            self.cross_attention, self.cross_attention_residual = CrossAttention(shape), Residual(shape)
        self.feedforward, self.feedforward_residual = FeedForward(shape), Residual(shape)

    def forward(
        self, inputs: Tensor, past: Past | None, new: NewTokens, source: Tensor | Past | None, mask: Tensor
    ) -> tuple[Tensor, Tensor, Past]:
        """Map inputs `(B, K T, D)`, with the cache, the source and its mask `(B, 1, 1, S)`.

        The source is keys and values `(B, S, 2 D)`, or in a step what `CrossAttention.cached` made of them, and then
        the mask is one to add. Return outputs `(B, K T, D)`, queries to the source `(B, K T, D)`, and the cache with
        these tokens.
        """
        residual = self.self_attention_residual
        mixed, past = self.self_attention.run(residual.enter(inputs), past, new)
        inputs = residual.leave(inputs, mixed)
        queries = inputs
        if source is not None:
            residual = self.cross_attention_residual
            queries = residual.enter(inputs)
            if isinstance(source, tuple):
                context = self.cross_attention.run(queries, source, mask)
            else:
                context = self.cross_attention(queries, source, mask)
            inputs = residual.leave(inputs, context)
        residual = self.feedforward_residual
        return residual.leave(inputs, self.feedforward(residual.enter(inputs))), queries, past
