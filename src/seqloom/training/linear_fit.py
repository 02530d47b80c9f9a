"""The linear part of a classifier, fitted before the network is trained: a logistic regression of runs and spellings.

A token's spelling counts too: the runs of letters in it are weighed beside those of tokens, so that a rare word says
what words that look like it say (after Bojanowski et al. 2017, https://arxiv.org/abs/1607.04606). As a token has one
spelling, the weights of its letters are added to its own in the end, and the model needs no letters.

R runs, P letter runs, K labels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from seqloom.models.linear_part import LinearPart
from seqloom.training.linear_features import Bag, Runs, Spellings
from seqloom.training.minimising import minimise

MOST_LOGITS = 1 << 25  # of rows times labels held at once: 128 MB, and as much again for each of their gradients
STRENGTH = 5.0  # how far weights may grow: the C of a support vector machine, for rows of length 1


@dataclass(frozen=True)
class Fitted:
    """The tables of a `LinearPart`."""

    keys: Tensor  # (R,)
    weights: Tensor  # (R, K)
    squares: Tensor  # (R,)
    bias: Tensor  # (K,)

    def give_to(self, part: LinearPart) -> None:
        """Make them those of the model."""
        for name, table in vars(self).items():
            setattr(part, name, table)


def fit(runs: Runs, spellings: Spellings, labels: int) -> Fitted:
    """The weights of least cross-entropy over the rows that do not grow too far."""
    rarity = runs.rarity
    squares = rarity.square() + spellings.runs.sums(spellings.rarity.square().unsqueeze(1)).squeeze(1)
    lengths = runs.rows.sums(squares.unsqueeze(1)).squeeze(1).sqrt()
    scales = lengths.reciprocal()[runs.owners]
    own = torch.zeros(len(runs.keys), labels, requires_grad=True)
    letters = torch.zeros(len(spellings.rarity), labels, requires_grad=True)
    bias = torch.zeros(labels, requires_grad=True)

    def weights() -> Tensor:
        return own * rarity.unsqueeze(1) + spellings.runs.sums(letters * spellings.rarity.unsqueeze(1))

    parts = list(runs.rows.parts(max(1, MOST_LOGITS // labels)))

    def error(table: Tensor, rows: slice, places: slice, bag: Bag) -> Tensor:
        wrong = F.cross_entropy(bag.sums(table, scales[places]) + bias, runs.labels[rows])
        return wrong * (len(runs.labels[rows]) / len(runs.labels))

    def loss() -> Tensor:
        table = weights()
        if len(parts) == 1:
            errors = error(table, *parts[0])
        else:  # the logits of a part are computed again for its gradient, so that those of all are never there at once
            errors = torch.stack([checkpoint(error, table, *part, use_reentrant=False) for part in parts]).sum()
        size = own.square().sum() + letters.square().sum()
        return errors + size / (2 * STRENGTH * len(runs.labels))

    minimise(loss, [own, letters, bias])
    return Fitted(runs.keys, weights().detach(), squares, bias.detach())
