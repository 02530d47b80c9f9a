"""The convolutional encoder.

B batch, S source length, E embedding width, D width.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.models.contract import Encoder
from seqloom.models.convolution import HALF, GatedConvolution, linear
from seqloom.models.entrance import Entrance
from seqloom.models.memory import Memory, mean_of_tokens


class ConvolutionalEncoder(Encoder):
    """Gated convolutions with residuals; every place sees its neighbourhood.  Gehring et al. 2017, arXiv:1705.03122.

    Attention compares what the stack puts out (the keys) and mixes that together with what it took in (the states), so
    that a decoder sees a token in its context and the token itself. Their weight normalisation is left out.
    """

    def __init__(
        self,
        width: int,
        encoder_width: int,
        layers: int,
        kernel_width: int,
        positions: str,
        places: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.memory_width = width
        self.enter = Entrance(width, width, positions, places, dropout)
        self.widen = linear(width, encoder_width)
        self.layers = nn.ModuleList(GatedConvolution(encoder_width, kernel_width, dropout) for _ in range(layers))
        self.narrow = linear(encoder_width, width)
        self.reach = ((kernel_width - 1) // 2, kernel_width // 2)  # places before and after

    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Embedded source `(B, S, E)` and its mask `(B, S)` to memory with keys `(B, S, E)`."""
        entered = self.enter(embedded, 0)
        padding = ~mask.unsqueeze(2)
        states = self.widen(entered)
        for layer in self.layers:
            reached = F.pad(states.masked_fill(padding, 0.0), (0, 0, *self.reach))
            states = (layer(reached) + states) * HALF
        keys = self.narrow(states)
        states = (keys + entered) * HALF
        return Memory(states, mask, mean_of_tokens(states, mask), keys)
