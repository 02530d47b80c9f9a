"""Weight averaging: moving average over steps, and mean of the best epochs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_model
from torch import nn


class MovingAverage:
    """Exponential moving average of the weights (Polyak and Juditsky 1992).

    The first steps forget faster, as min(decay, (1 + step) / (10 + step)): the random initial weights do not
    linger in a short training.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.averages = [parameter.detach().clone() for parameter in self.parameters]

    def update(self, step: int) -> None:
        """Update the averages by the weights after `step`, from 1."""
        keep = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.averages, [parameter.detach() for parameter in self.parameters], 1 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Replace the model's weights by the averages, within."""
        own = [parameter.detach().clone() for parameter in self.parameters]
        self._put(self.averages)
        try:
            yield
        finally:
            self._put(own)

    def take(self) -> None:
        """Set the averages to the current weights of the model."""
        self.averages = [parameter.detach().clone() for parameter in self.parameters]

    def _put(self, values: Sequence[torch.Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.parameters, values, strict=True):
                parameter.copy_(value)


def load_mean(model: nn.Module, files: Sequence[Path]) -> None:
    """Load into `model` the mean of the weights in `files` (Vaswani et al. 2017 average their last ones)."""
    parameters = list(model.parameters())
    sums = [torch.zeros_like(parameter, dtype=torch.float64) for parameter in parameters]
    for file in files:
        load_model(model, str(file))
        for total, parameter in zip(sums, parameters, strict=True):
            total += parameter.detach()
    with torch.no_grad():
        for total, parameter in zip(sums, parameters, strict=True):
            parameter.copy_(total / len(files))
