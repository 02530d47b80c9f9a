"""Scores of a search: log-probabilities of tokens, and the length penalty of hypotheses.

N rows, V target vocabulary.
"""

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS

BLOCK = 64  # tokens whose highest score is found in one pass of vector instructions


def log_probabilities(logits: Tensor) -> Tensor:
    """Return the log-probabilities of logits `(N, V)`, with -inf for `SUPPRESSED_TOKENS`."""
    scores = logits.float().log_softmax(dim=1)
    scores[:, SUPPRESSED_TOKENS] = -torch.inf
    return scores


def top_tokens(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` highest of scores `(N, V)`, highest first, and their tokens, each `(N, min(count, V))`.

    They lie within the blocks of `BLOCK` tokens that have the highest maxima: to look for these first spares torch from
    ordering the whole vocabulary, which takes as long as the product that made the scores.
    """
    rows, vocabulary = scores.shape
    count = min(count, vocabulary)
    blocks = vocabulary // BLOCK
    if blocks < 2 * count:
        best = scores.topk(count, dim=1)
        return best.values, best.indices
    whole = scores[:, : blocks * BLOCK].view(rows, blocks, BLOCK)  # (N, V / BLOCK, BLOCK)
    chosen = whole.amax(dim=2).topk(count, dim=1).indices  # (N, count)
    tokens = (chosen.unsqueeze(2) * BLOCK + torch.arange(BLOCK, device=scores.device)).flatten(1)
    rest = torch.arange(blocks * BLOCK, vocabulary, device=scores.device).expand(rows, -1)
    tokens = torch.cat([tokens, rest], dim=1)
    best = scores.gather(1, tokens).topk(count, dim=1)
    return best.values, tokens.gather(1, best.indices)


def penalized(totals: Tensor, lengths: Tensor, length_penalty: float) -> Tensor:
    """Divide log-probabilities by length ** `length_penalty` (length normalization as in Wu et al. 2016, beta 0)."""
    return totals / lengths**length_penalty


def should_compact(writing: int, computed: int) -> bool:
    """Return True if a quarter of the rows is finished: to drop them saves more than copying the others costs."""
    return writing <= 0.75 * computed
