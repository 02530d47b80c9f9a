"""The result of a search, and what all searches share.

N rows, P prompt length, V target vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.vocabulary.special_tokens import END, PADDING, START, UNKNOWN

SUPPRESSED_TOKENS = [PADDING, UNKNOWN, START]  # stand for no text: never generated


@dataclass(frozen=True)
class Hypothesis:
    """One answer to one source."""

    tokens: list[int]  # without START and END
    score: float  # log-probability divided by length ** length_penalty; closer to 0 is better
    truncated: bool = False  # it reached its length limit before END

    @classmethod
    def of_row(cls, tokens: Sequence[int], given: int, score: float) -> "Hypothesis":
        """Return the hypothesis in a row of token ids, of which the first `given` are the prompt."""
        written = tokens[given:]
        return cls([token for token in written if token not in (END, PADDING)], score, END not in written)


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
