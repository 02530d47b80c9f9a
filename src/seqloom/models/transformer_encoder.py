"""Transformer encoder.

B batch, S source length, E embedding width, D width.
"""

from torch import Tensor, nn

from seqloom.models.base_classes import Encoder
from seqloom.models.encoder_memory import Memory, mean_of_tokens
from seqloom.models.initialization import initialize_transformer
from seqloom.models.input_embedding import InputEmbedding
from seqloom.models.multi_head_attention import SelfAttention, Shape
from seqloom.models.transformer_layer import FeedForward, Residual


class TransformerEncoder(Encoder):
    """Stack of self-attention and feed-forward layers.  Vaswani et al. 2017, https://arxiv.org/abs/1706.03762."""

    def __init__(self, shape: Shape, width: int, layers: int, positions: str, max_positions: int) -> None:
        super().__init__()
        self.memory_width = shape.width
        self.input_embedding = InputEmbedding(width, shape.width, positions, max_positions, shape.dropout)
        self.layers = nn.ModuleList(EncoderLayer(shape) for _ in range(layers))
        self.norm = nn.LayerNorm(shape.width) if shape.norm_first else nn.Identity()
        initialize_transformer(self)

    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Encode the embedded source `(B, S, E)` with its mask `(B, S)` to memory with the mean state as summary."""
        states = self.input_embedding(embedded, 0)
        for layer in self.layers:
            states = layer(states, mask[:, None, None, :])
        states = self.norm(states)
        return Memory(states, mask, mean_of_tokens(states, mask))


class EncoderLayer(nn.Module):
    """Encoder layer: self-attention, then feed-forward."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attention, self.self_attention_residual = SelfAttention(shape), Residual(shape)
        self.feedforward, self.feedforward_residual = FeedForward(shape), Residual(shape)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Map states `(B, S, D)` to states `(B, S, D)`, with an attention mask `(B, 1, 1, S)`."""
        residual = self.self_attention_residual
        states = residual.leave(states, self.self_attention(residual.enter(states), mask))
        residual = self.feedforward_residual
        return residual.leave(states, self.feedforward(residual.enter(states)))
