"""What a search returns."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.vocabulary.special_tokens import END, PADDING, START, UNKNOWN

SUPPRESSED_TOKENS = [PADDING, UNKNOWN, START]


@dataclass(frozen=True)
class Hypothesis:
    """One answer to one source."""

    tokens: list[int]  # without START and END
    score: float  # log-probability divided by length ** length_penalty; closer to 0 is better
    truncated: bool = False  # it reached its limit before it ended

    @classmethod
    def of_row(cls, tokens: Sequence[int], given: int, score: float) -> "Hypothesis":
        """From a row of a search: the first `given` tokens are of the prompt, padding waits for other rows to end."""
        written = tokens[given:]
        return cls([token for token in written if token not in (END, PADDING)], score, END not in written)


def limits_of(limits: Tensor | int, prompt: Tensor) -> Tensor:
    """Tokens that each answer behind the prompts `(N, P)` may have, END among them, `(N,)`, of one number or many."""
    return torch.as_tensor(limits, device=prompt.device).expand(len(prompt))


def force_prefix(prompt: Tensor, place: int, scores: Tensor) -> Tensor:
    """Log-probabilities `(N, V)` of what stands at `place`: certain where prompts `(N, P)` still go on."""
    if place >= prompt.shape[1]:
        return scores
    wanted = prompt[:, place : place + 1]
    certain = torch.full_like(scores, -torch.inf).scatter_(1, wanted, 0.0)
    return torch.where(wanted == PADDING, scores, certain)


def log_probabilities(logits: Tensor) -> Tensor:
    """Logits `(N, V)` to log-probabilities, with the tokens that stand for no text ruled out."""
    scores = logits.float().log_softmax(dim=1)
    scores[:, SUPPRESSED_TOKENS] = -torch.inf
    return scores


def should_compact(writing: int, computed: int) -> bool:
    """Whether rows that are finished are to leave those computed: a quarter is, since what is left has to be copied."""
    return writing <= 0.75 * computed
