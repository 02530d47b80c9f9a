"""Sampling: each token is drawn by its probability, from all tokens or from the likelier ones.

To draw from the smallest set of tokens that holds a share of the probability keeps a text from going astray in the
many unlikely ones, as the likeliest text would keep repeating itself.  Holtzman et al. 2020,
https://arxiv.org/abs/1904.09751; the k likeliest alone: Fan et al. 2018, https://arxiv.org/abs/1805.04833

B batch, P longest prompt, V target vocabulary, T tokens of the longest answer, K tokens to draw from.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.search_loop import write_singly
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.memory import Memory

FEW = 128  # tokens, among which the likeliest are looked for first


def sample(
    model: EncoderDecoder,
    memory: Memory,
    prompt: Tensor,
    limits: Tensor | int,
    uniforms: Tensor,
    length_penalty: float,
    temperature: float,
    top_k: int,
    top_p: float,
) -> list[Hypothesis]:
    """An answer to each row of memory, drawn by the row's numbers in `uniforms` `(B, T)`, behind the prompt `(B, P)`.

    Each has at most `limits` tokens, a number or `(B,)`, none of them over T. The score is the model's own opinion of
    what was drawn, whatever the temperature.
    """

    def choose(scores: Tensor, written: Tensor, rows: Tensor) -> Tensor:
        now = uniforms[rows, written.clamp(0, uniforms.shape[1] - 1)]
        return draw(scores, now, temperature, top_k, top_p)

    return write_singly(model, memory, prompt, limits, length_penalty, choose)


def draw(scores: Tensor, uniforms: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Log-probabilities `(B, V)` and a number from [0, 1) a row `(B,)` to tokens `(B,)`.

    Probabilities are raised to the power 1 / temperature; of the `top_k` likeliest tokens (0: of all) those are drawn
    from that together first reach the share `top_p`, and with the last of them all that are as likely.
    """
    if not top_k:
        return _drawn_among_likely(_shares(scores, temperature), uniforms, top_p)
    scores, tokens = scores.topk(min(top_k, scores.shape[1]), dim=1)  # (B, K), likeliest first
    place = _drawn_among_likely(_shares(scores, temperature), uniforms, top_p)
    return tokens.gather(1, place.unsqueeze(1)).squeeze(1)


def _drawn_among_likely(shares: Tensor, uniforms: Tensor, top_p: float) -> Tensor:
    """Where in each row of `(B, V)` its number falls, `(B,)`, where the likeliest reach `top_p`.

    To rank the whole vocabulary took two thirds of the time of sampling. Most draws are of the likeliest tokens anyway,
    as the sum of those likelier tells, so the few that are not are drawn again. How deep a number fell into the share
    of such a token is a number from [0, 1) itself, and says nothing of which token it was.
    """
    place = _drawn(shares, uniforms)
    if top_p >= 1:
        return place
    share = shares.gather(1, place.unsqueeze(1))  # (B, 1)
    astray = ((shares * (shares > share)).sum(dim=1) >= top_p).nonzero().squeeze(1)
    if len(astray):
        shares, uniforms, first = shares[astray], uniforms[astray], place[astray]
        place[astray] = _drawn_by_rank(shares, _depth(shares, uniforms, first), top_p)
    return place


def _depth(shares: Tensor, uniforms: Tensor, place: Tensor) -> Tensor:
    """How deep into the share at its place, from 0 to 1, each number fell."""
    share, reached = (part.gather(1, place.unsqueeze(1)).squeeze(1) for part in (shares, shares.cumsum(dim=1)))
    return ((uniforms.to(shares) * shares.sum(dim=1) - (reached - share)) / share).clamp(0.0, 1.0)


def _drawn_by_rank(shares: Tensor, uniforms: Tensor, top_p: float) -> Tensor:
    """Where each number falls among those alone that reach `top_p`, and what is as likely as the last of them."""
    ranked = _likeliest(shares, top_p)
    last = (ranked.cumsum(dim=1) < top_p).sum(dim=1, keepdim=True).clamp(max=ranked.shape[1] - 1)
    return _drawn(shares.masked_fill(shares < ranked.gather(1, last), 0.0), uniforms)


def _shares(scores: Tensor, temperature: float) -> Tensor:
    return (scores.double() / temperature).softmax(dim=1)


def _likeliest(shares: Tensor, top_p: float) -> Tensor:
    """So many of `(B, V)`, likeliest first, that `top_p` is reached in each row."""
    vocabulary = shares.shape[1]
    count = min(FEW, vocabulary)
    found = shares.topk(count, dim=1).values
    while count < vocabulary and float(found.sum(dim=1).min()) < top_p:
        count = min(8 * count, vocabulary)
        found = shares.topk(count, dim=1).values
    return found


def _drawn(shares: Tensor, uniforms: Tensor) -> Tensor:
    """Where in each row of `(B, K)`, whose sum may be any, its number from [0, 1) falls: `(B,)`."""
    reached = shares.cumsum(dim=1)
    total = reached[:, -1:].clone()
    place = torch.searchsorted(reached, uniforms.to(reached).unsqueeze(1) * total, right=True)
    last = torch.searchsorted(reached, total)  # that has a share; luck close to 1 may be rounded beyond it
    return torch.minimum(place, last).squeeze(1)


def draw_uniforms(seed: int, rows: Sequence[int], tokens: int, times: int = 1) -> Tensor:
    """Numbers from [0, 1) for each row `times` times in a row `(B × times, T)`.

    They follow from seed, row and `times` alone: neither from what else is drawn, nor from how many tokens are.
    """
    numbers = [np.random.default_rng((seed, row)).random((tokens, times)).T for row in rows]
    return torch.from_numpy(np.concatenate(numbers))
