"""Decoder-only models: an encoder of width 0.

B batch, S source length, E embedding width.
"""

from torch import Tensor

from seqloom.models.base_classes import Encoder
from seqloom.models.encoder_memory import Memory


class NoEncoder(Encoder):
    """Encoder with memory of width 0: a decoder made for it has no attention to the source.

    GPT's shape with a Transformer decoder (Radford et al. 2018, "Improving language understanding by generative
    pre-training"), a recurrent language model with a recurrent one (Mikolov et al. 2010).
    """

    memory_width = 0

    def forward(self, embedded: Tensor, mask: Tensor) -> Memory:
        """Return memory with states `(B, S, 0)` for the embedded source `(B, S, E)` and its mask `(B, S)`."""
        return Memory(embedded[:, :, :0], mask, embedded[:, 0, :0])
