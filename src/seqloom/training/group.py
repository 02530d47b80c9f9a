"""The processes that train one model together; most often it is one."""

import torch
from torch import nn


class Alone:
    """One process: its figures are the whole."""

    rank = 0
    size = 1

    def totals(self, *figures: float) -> list[float]:
        """The sum of each figure over all processes."""
        return list(figures)

    def wait(self) -> None:
        """Return when all processes are here."""

    def wrap(self, module: nn.Module) -> nn.Module:
        """A module whose gradients are those of all processes, averaged."""
        return module

    def device(self, device: torch.device) -> torch.device:
        """The device of this process."""
        return device
