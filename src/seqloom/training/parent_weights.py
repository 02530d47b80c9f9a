"""Weights of the parent that a training goes on from, and the pull toward them, so that less is forgotten."""

import torch
from torch import nn


class ParentWeights:
    """A copy of the weights at the start.

    In each update a small pull is decay toward the parent (L2-SP, Li et al. 2018, https://arxiv.org/abs/1802.01483),
    decoupled from the gradient as in AdamW. At the end a large one averages parent and child (Wortsman et al. 2022,
    https://arxiv.org/abs/2109.01903): the average often does nearly as well on both old and new text.
    """

    def __init__(self, model: nn.Module) -> None:
        """Copy the weights of a model that was just loaded from its parent."""
        self._weights: list[torch.Tensor] = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._parents = [parameter.detach().clone() for parameter in self._weights]

    def child(self) -> list[torch.Tensor]:
        """Return a copy of the weights as they are now."""
        return [weight.detach().clone() for weight in self._weights]

    @torch.no_grad()
    def average(self, child: list[torch.Tensor], share: float) -> None:
        """Set the weights to the mean of those of a child and the parent's, of which it has this share."""
        torch._foreach_copy_(self._weights, child)
        self.pull(share)

    @torch.no_grad()
    def pull(self, share: float) -> None:
        """Move the weights this share of the way to the parent's: 0 not at all, 1 all the way."""
        torch._foreach_lerp_(self._weights, self._parents, min(1.0, share))
