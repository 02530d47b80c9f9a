"""Transformer layers around multi-head attention: feed-forward network and residual connection.

Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
B batch, T length, D width, F feed-forward width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.models.dropout import Dropout
from seqloom.models.few_shapes import Linear
from seqloom.models.multi_head_attention import Shape


class FeedForward(nn.Module):
    """Position-wise feed-forward network: two linear layers with a ReLU between them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.fc1 = Linear(shape.width, shape.feedforward_width)
        self.fc2 = Linear(shape.feedforward_width, shape.width)
        self.dropout = Dropout(shape.dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(B, T, D)` to `(B, T, D)` through `(B, T, F)`."""
        outputs: Tensor = self.fc2(self.dropout(F.relu(self.fc1(inputs), inplace=not torch.is_grad_enabled())))
        return outputs


class Residual(nn.Module):
    """x + dropout(f(norm(x))), or in the original order norm(x + dropout(f(x)))."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(shape.width)
        self.norm_first = shape.norm_first
        self.dropout = Dropout(shape.dropout)

    def enter(self, inputs: Tensor) -> Tensor:
        """Return what f is computed of, of inputs `(B, T, D)`."""
        entered: Tensor = self.norm(inputs) if self.norm_first else inputs
        return entered

    def leave(self, inputs: Tensor, change: Tensor) -> Tensor:
        """Add the change `(B, T, D)` by f to the inputs, with dropout and layer normalization."""
        outputs = inputs + (self.dropout(change) if self.training else change)
        if not self.norm_first:
            outputs = self.norm(outputs)
        return outputs
