"""Changes to the scores of a search step: minimum length, repetition penalty and no repeated n-grams.

N rows, T tokens so far, V target vocabulary.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from seqloom.vocabulary.special_tokens import END

if TYPE_CHECKING:
    from seqloom.recipe.schema import DecodingSection


@dataclass(frozen=True)
class LogitsProcessors:
    """Processors of the scores of the next token, given those that a row has written."""

    min_length: int = 0  # tokens before END
    repetition_penalty: float = 1.0  # Keskar et al. 2019, https://arxiv.org/abs/1909.05858
    no_repeat_ngram: int = 0  # length of the n-grams that may occur once, Paulus et al. 2018; 0: any may repeat

    @classmethod
    def of(cls, decoding: "DecodingSection") -> Self:
        """Return those that decoding options ask for."""
        return cls(decoding.min_length, decoding.repetition_penalty, decoding.no_repeat_ngram)

    def penalize(self, logits: Tensor, tokens: Tensor, prompted: Tensor) -> Tensor:
        """Make the logits `(N, V)` of tokens that were written less probable; the prompt does not count.

        `tokens` `(N, T)` begin with the prompt, `prompted` `(N,)` tokens long.
        """
        if self.repetition_penalty == 1 or not tokens.shape[1]:
            return logits
        counted = torch.arange(tokens.shape[1], device=tokens.device) >= prompted.unsqueeze(1)
        found = logits.gather(1, tokens)
        penalty = self.repetition_penalty
        less = torch.where(found < 0, found * penalty, found / penalty)
        # a token of the prompt may be written, too: the smaller value stands, whichever is scattered last
        return logits.scatter_reduce(1, tokens, torch.where(counted, less, found), "amin")

    def forbid(self, scores: Tensor, tokens: Tensor, prompted: Tensor) -> Tensor:
        """Set to -inf the log-probabilities `(N, V)` of END before the least length, and of repeated n-grams."""
        length = tokens.shape[1]
        if self.min_length:
            early = length - prompted < self.min_length
            scores[:, END] = scores[:, END].masked_fill(early, -torch.inf)
        order = self.no_repeat_ngram
        if order and length >= order:
            windows = tokens.unfold(1, order, 1)  # (N, T - order + 1, order)
            last = tokens[:, length - order + 1 :].unsqueeze(1)  # (N, 1, order - 1)
            repeated = (windows[:, :, :-1] == last).all(dim=2)
            repeated &= torch.arange(windows.shape[1], device=tokens.device) >= prompted.unsqueeze(1)
            repeated &= (length - prompted >= order).unsqueeze(1)
            banned = torch.where(repeated, -torch.inf, 0.0).to(scores)
            scores = scores.scatter_add(1, windows[:, :, -1], banned)
        return scores


PLAIN = LogitsProcessors()
