"""Dropout (Srivastava et al. 2014) with cheap noise on a CPU, reproducible from seed and step.

torch draws one random number per element, from one generator on one core: for a small Transformer that is a quarter of
the training. Here a byte decides: the share of a rate is rounded to 1/256, and what remains is scaled by exactly that.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Noise:
    """Random bytes of one training step; no state of them has to be saved for a bit-exact restart."""

    def __init__(self) -> None:
        self.restart(0, 0)

    def restart(self, *seeds: int) -> None:
        """Start the bytes of the step that `seeds` identify, such as (seed, step)."""
        self._generator = np.random.SFC64(seeds)

    def bytes_like(self, x: Tensor) -> Tensor:
        """Return a uniform random byte per element of `x`, on the CPU."""
        words = self._generator.random_raw((x.numel() + 7) // 8)
        return torch.from_numpy(words).view(torch.uint8)[: x.numel()].view(x.shape)


NOISE = Noise()


class Dropout(nn.Module):
    """Dropout layer: zeroes a share `rate` of the elements in training and scales up the others."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.dropped_of_256 = min(round(rate * 256), 255)  # something always remains, to be scaled up

    def forward(self, x: Tensor) -> Tensor:
        """Drop elements of a tensor of any shape."""
        if not self.training or self.dropped_of_256 == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.rate)
        return x * self.multiplier(x)

    def multiplier(self, x: Tensor) -> Tensor:
        """Return 0 for dropped elements and 1 / (1 - rate) for the others, in the shape and type of `x`."""
        scale = 256 / (256 - self.dropped_of_256)
        kept = NOISE.bytes_like(x).ge_(self.dropped_of_256)  # in place: zeros and ones, and no slow booleans
        if x.dtype == torch.bfloat16:  # the bits of the scale, since bytes become integers much faster than bfloat16
            bits = int(torch.tensor(scale, dtype=torch.bfloat16).view(torch.int16))
            return kept.to(torch.int16).mul_(bits).view(torch.bfloat16)
        return kept.to(x.dtype).mul_(scale)

    def extra_repr(self) -> str:
        """Return the text that `print(model)` shows."""
        return f"rate={self.rate}"
