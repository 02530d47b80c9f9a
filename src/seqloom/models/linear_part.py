"""A linear model of the runs of neighbouring tokens in a text: what a bag of words and word pairs says of its label.

B batch, S source length, N tokens of the longest run, R runs known, K labels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.vocabulary.special import PADDING

BASE = 1 << 20  # more than any vocabulary has tokens, so that a run is a number and a number is one run
LONGEST = 3  # tokens of a run whose number fits into 64 bits
MOST_WEIGHTS = 1 << 22  # of rows times runs times labels held at once: 16 MB, and as much again while they are masked


class LinearPart(nn.Module):
    """Each run adds its weights to the labels' logits, divided by the length of the text's vector of runs.

    Nothing of it is learned with a network: `training.linear_fit` fits it.
    """

    keys: Tensor  # (R,) int64, rising
    weights: Tensor  # (R, K)
    squares: Tensor  # (R,) what a run adds to the squared length
    bias: Tensor  # (K,)

    def __init__(self, runs: int, labels: int, longest: int) -> None:
        super().__init__()
        self.longest = longest
        self.register_buffer("keys", torch.zeros(runs, dtype=torch.int64))
        self.register_buffer("weights", torch.zeros(runs, labels))
        self.register_buffer("squares", torch.ones(runs))
        self.register_buffer("bias", torch.zeros(labels))

    def forward(self, source: Tensor) -> Tensor:
        """Source ids `(B, S)` to logits `(B, K)`; a run that is not known says nothing."""
        keys = keys_of_runs(source, self.longest).flatten(1)  # (B, S N)
        places = torch.searchsorted(self.keys, keys).clamp_max(len(self.keys) - 1)
        known = (self.keys[places] == keys) & (keys > 0)
        length = (self.squares[places] * known).sum(dim=1, keepdim=True).clamp_min(1e-12).sqrt()
        rows = max(1, MOST_WEIGHTS // (places.shape[1] * self.weights.shape[1]))
        parts = zip(torch.split(places, rows), torch.split(known, rows), strict=True)
        return torch.cat([self._sums(*part) for part in parts]) / length + self.bias

    def _sums(self, places: Tensor, known: Tensor) -> Tensor:
        """The weights of the known runs `(B, S N)` of each row `(B, K)`; a row's sum is its own, whatever B."""
        return (self.weights[places] * known.unsqueeze(2)).sum(dim=1)


def keys_of_runs(source: Tensor, longest: int) -> Tensor:
    """Ids `(B, S)` to a number for each run of 1 to N tokens at the place where it ends, `(B, S, N)`.

    It is 0, which is no run's, where a run would begin before the text or hold padding.
    """
    keys = [torch.where(source == PADDING, 0, source)]
    for _ in range(1, longest):
        before = F.pad(keys[-1][:, :-1], (1, 0))  # the run that ends one place earlier
        keys.append(torch.where((before > 0) & (source != PADDING), before * BASE + source, 0))
    return torch.stack(keys, dim=2)
