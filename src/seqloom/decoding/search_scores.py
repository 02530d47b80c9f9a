"""Scores of a search: log-probabilities of tokens, and the length penalty of hypotheses.

N rows, V target vocabulary.
"""

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS


def log_probabilities(logits: Tensor) -> Tensor:
    """Return the log-probabilities of logits `(N, V)`, with -inf for `SUPPRESSED_TOKENS`."""
    scores = logits.float().log_softmax(dim=1)
    scores[:, SUPPRESSED_TOKENS] = -torch.inf
    return scores


def penalized(totals: Tensor, lengths: Tensor, length_penalty: float) -> Tensor:
    """Divide log-probabilities by length ** `length_penalty` (length normalization as in Wu et al. 2016, beta 0)."""
    return totals / lengths**length_penalty


def should_compact(writing: int, computed: int) -> bool:
    """Return True if a quarter of the rows is finished: to drop them saves more than copying the others costs."""
    return writing <= 0.75 * computed
