"""Input embedding of Transformers and convolutional networks.

B batch, T length, E embedding width, D width.
"""

from torch import Tensor, nn

from seqloom.models.dropout import Dropout
from seqloom.models.positional_encoding import build_positions


class InputEmbedding(nn.Module):
    """Token embeddings scaled to unit variance, projected to the width of the stack, with positions added."""

    def __init__(self, width: int, stack_width: int, positions: str, max_positions: int, dropout: float) -> None:
        super().__init__()
        self.scale = width**0.5
        self.projection = nn.Identity() if width == stack_width else nn.Linear(width, stack_width)
        self.positions = build_positions(positions, max_positions, stack_width)
        self.dropout = Dropout(dropout)

    def forward(self, embedded: Tensor, first: int) -> Tensor:
        """Map embedded tokens `(B, T, E)`, the first at position `first`, to `(B, T, D)`."""
        inputs: Tensor = self.projection(embedded * self.scale)
        if self.positions is not None:
            inputs = self.positions(inputs, first)
        dropped: Tensor = self.dropout(inputs)
        return dropped
