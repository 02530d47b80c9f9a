"""The convolutional layer of Gehring et al. 2017, https://arxiv.org/abs/1705.03122.

B batch, T length, D width, W kernel width, P places before and after the T that a kernel reaches (W - 1).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.models.dropout import Dropout

HALF = math.sqrt(0.5)
"""The sum of two independent terms, times this, varies as much as each of them."""


class GatedConvolution(nn.Module):
    """A window of W places to one, half of its outputs gating the other half (Dauphin et al. 2017).

    The windows are laid side by side and multiplied at once: a plain matrix product, which bfloat16 makes fastest.
    """

    def __init__(self, width: int, kernel_width: int, dropout: float) -> None:
        super().__init__()
        self.kernel_width = kernel_width
        self.window = nn.Linear(kernel_width * width, 2 * width)
        self.dropout = Dropout(dropout)
        # What a layer puts out is to vary as much as what it takes in; dropout raises it, the gate lowers it. Their
        # section 3.5 has 4 for inputs near zero, whose gates are all a half; for inputs with a spread of one it is 3.
        nn.init.normal_(self.window.weight, std=math.sqrt(3.0 * (1.0 - dropout) / (kernel_width * width)))
        nn.init.zeros_(self.window.bias)

    def forward(self, reached: Tensor) -> Tensor:
        """Inputs with what their windows reach beyond them, `(B, T + P, D)`, to `(B, T, D)`."""
        length = reached.shape[1] - self.kernel_width + 1
        dropped = self.dropout(reached)
        windows = torch.cat([dropped[:, start : start + length] for start in range(self.kernel_width)], dim=2)
        return F.glu(self.window(windows), dim=2)


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear map whose outputs vary as much as its inputs."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer
