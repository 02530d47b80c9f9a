"""Constraints of a search: the limit of each answer's length, and a forced prefix.

N rows, P prompt length, V target vocabulary.
"""

import torch
from torch import Tensor

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
