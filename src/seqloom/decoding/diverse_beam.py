"""Diverse beam search (Vijayakumar et al. 2018, https://arxiv.org/abs/1610.02424): groups that write different tokens.

B sources, K hypotheses of a source in G groups, C candidates of a hypothesis.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.search_scores import penalized
from seqloom.vocabulary.special_tokens import PADDING

_NO_TOKEN = -1


@dataclass(frozen=True)
class Diversity:
    """Groups of a beam; at each position a group is charged for the tokens that those before it wrote there."""

    groups: int = 1  # G, of K / G hypotheses each
    penalty: float = 0.5  # nats for each hypothesis of an earlier group that wrote the same token

    def choose(self, totals: Tensor, lengths: Tensor, tokens: Tensor, length_penalty: float) -> Tensor:
        """Return the indices `(B, K)` of the candidates chosen, among K C, group by group.

        Args:
            totals: log-probabilities of the candidates, `(B, K, C)`; the penalty ranks them and is no part of these.
            lengths: tokens of each hypothesis, `(B, K, 1)`.
            tokens: of the candidates, `(B, K, C)`.
        """
        batch, size, candidates = totals.shape
        width = size // self.groups
        written = tokens.new_empty(batch, 0)  # by the groups before
        chosen = []
        for first in range(0, size, width):
            rows = slice(first, first + width)
            times = (tokens[:, rows].unsqueeze(3) == written[:, None, None]).sum(dim=3)
            ranked = penalized(totals[:, rows] - self.penalty * times, lengths[:, rows], length_penalty)
            best = ranked.flatten(1).topk(width, dim=1).indices + first * candidates  # (B, K / G)
            chosen.append(best)
            new = tokens.view(batch, -1).gather(1, best)
            written = torch.cat([written, new.masked_fill(new == PADDING, _NO_TOKEN)], dim=1)
        return torch.cat(chosen, dim=1)


ONE_GROUP = Diversity()


def merged(found: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return the hypotheses of all groups, best first; what two groups found counts once."""
    distinct: dict[tuple[int, ...], Hypothesis] = {}
    for each in sorted(found, key=lambda each: -each.score):
        distinct.setdefault((*each.tokens, each.truncated), each)
    return list(distinct.values())
