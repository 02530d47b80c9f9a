"""Limits, prompts and log-probabilities of a search, as all searches of PyTorch's backend need them.

N rows, P prompt length, V target vocabulary.
"""

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS
from seqloom.vocabulary.special_tokens import PADDING


def limits_of(limits: Tensor | int, prompt: Tensor) -> Tensor:
    """Return the length limit of each answer to the prompts `(N, P)`, `(N,)`, given one number or N of them."""
    return torch.as_tensor(limits, device=prompt.device).expand(len(prompt))


def force_prefix(prompt: Tensor, position: int, scores: Tensor) -> Tensor:
    """Return the log-probabilities `(N, V)` at `position`: of prompts `(N, P)` that reach it, 0 for their token."""
    if position >= prompt.shape[1]:
        return scores
    wanted = prompt[:, position : position + 1]
    certain = torch.full_like(scores, -torch.inf).scatter_(1, wanted, 0.0)
    return torch.where(wanted == PADDING, scores, certain)


def log_probabilities(logits: Tensor) -> Tensor:
    """Return the log-probabilities of logits `(N, V)`, with -inf for `SUPPRESSED_TOKENS`."""
    scores = logits.float().log_softmax(dim=1)
    scores[:, SUPPRESSED_TOKENS] = -torch.inf
    return scores


def should_compact(writing: int, computed: int) -> bool:
    """Return True if a quarter of the rows is finished: to drop them saves more than copying the others costs."""
    return writing <= 0.75 * computed
