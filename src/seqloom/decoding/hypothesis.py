"""What a search returns."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.vocabulary.special import PADDING, START, UNKNOWN

NEVER_WRITTEN = [PADDING, UNKNOWN, START]


@dataclass(frozen=True)
class Hypothesis:
    """One answer to one source."""

    tokens: list[int]  # without START and END
    score: float  # log-probability divided by length ** length_penalty; closer to 0 is better


def log_probabilities(logits: Tensor) -> Tensor:
    """Logits `(N, V)` to log-probabilities, with the tokens that stand for no text ruled out."""
    scores = logits.float().log_softmax(dim=1)
    scores[:, NEVER_WRITTEN] = -torch.inf
    return scores
