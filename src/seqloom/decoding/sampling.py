"""Sampling with temperature, top-k (Fan et al. 2018) and top-p (nucleus sampling, Holtzman et al. 2020).

https://arxiv.org/abs/1805.04833, https://arxiv.org/abs/1904.09751

B batch, P prompt length, V target vocabulary, T tokens of the longest answer, K tokens to draw from.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.logits_processors import PLAIN, LogitsProcessors
from seqloom.decoding.search_loop import decode_stepwise
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory

FEW = 128  # tokens: top_p is looked for among so many first


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
    processors: LogitsProcessors = PLAIN,
) -> list[Hypothesis]:
    """Return a sampled answer to each row of memory, continuing the prompt `(B, P)`.

    Each token is drawn by inversion of a uniform number in `uniforms` `(B, T)`. An answer has at most `limits` tokens,
    a number or `(B,)`, none over T. Scores are log-probabilities of the model at temperature 1.
    """

    def choose(scores: Tensor, written: Tensor, rows: Tensor) -> Tensor:
        now = uniforms[rows, written.clamp(0, uniforms.shape[1] - 1)]
        return draw(scores, now, temperature, top_k, top_p)

    return decode_stepwise(model, memory, prompt, limits, length_penalty, choose, processors)


def draw(scores: Tensor, uniforms: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Draw tokens `(B,)`, given log-probabilities `(B, V)` and a uniform number from [0, 1) for each row, `(B,)`.

    Probabilities are raised to the power 1 / temperature. Of the `top_k` most probable tokens (0: of all), those are
    drawn from whose probabilities first sum to `top_p`, together with any as probable as the last of them.
    """
    if not top_k:
        return _draw_top_p(_probabilities(scores, temperature), uniforms, top_p)
    scores, tokens = scores.topk(min(top_k, scores.shape[1]), dim=1)  # (B, K), likeliest first
    index = _draw_top_p(_probabilities(scores, temperature), uniforms, top_p)
    return tokens.gather(1, index.unsqueeze(1)).squeeze(1)


def _draw_top_p(probabilities: Tensor, uniforms: Tensor, top_p: float) -> Tensor:
    """Draw a column of each row `(B, V)` among those that reach `top_p`, `(B,)`.

    Draw from all tokens; keep the draw if the mass above it is below top_p; sort and redraw only the rejects, reusing
    the residual uniform. To sort the whole vocabulary at every step took two thirds of the time of sampling.
    """
    index = _invert(probabilities, uniforms)
    if top_p >= 1:
        return index
    drawn = probabilities.gather(1, index.unsqueeze(1))  # (B, 1)
    rejected = ((probabilities * (probabilities > drawn)).sum(dim=1) >= top_p).nonzero().squeeze(1)
    if len(rejected):
        probabilities, uniforms, first = probabilities[rejected], uniforms[rejected], index[rejected]
        index[rejected] = _redraw_top_p(probabilities, _residual(probabilities, uniforms, first), top_p)
    return index


def _residual(probabilities: Tensor, uniforms: Tensor, index: Tensor) -> Tensor:
    """Return how deep each number fell into the interval of its column, 0 to 1: uniform, whichever column it was."""
    parts = (part.gather(1, index.unsqueeze(1)).squeeze(1) for part in (probabilities, probabilities.cumsum(dim=1)))
    drawn, reached = parts
    return ((uniforms.to(probabilities) * probabilities.sum(dim=1) - (reached - drawn)) / drawn).clamp(0.0, 1.0)


def _redraw_top_p(probabilities: Tensor, uniforms: Tensor, top_p: float) -> Tensor:
    """Draw among the most probable columns alone that reach `top_p`, and those as probable as the last of them."""
    ranked = _most_probable(probabilities, top_p)
    last = (ranked.cumsum(dim=1) < top_p).sum(dim=1, keepdim=True).clamp(max=ranked.shape[1] - 1)
    return _invert(probabilities.masked_fill(probabilities < ranked.gather(1, last), 0.0), uniforms)


def _probabilities(scores: Tensor, temperature: float) -> Tensor:
    return (scores.double() / temperature).softmax(dim=1)


def _most_probable(probabilities: Tensor, top_p: float) -> Tensor:
    """Return the highest of `(B, V)`, in descending order, so many that each row reaches `top_p`."""
    vocabulary = probabilities.shape[1]
    count = min(FEW, vocabulary)
    found = probabilities.topk(count, dim=1).values
    while count < vocabulary and float(found.sum(dim=1).min()) < top_p:
        count = min(8 * count, vocabulary)
        found = probabilities.topk(count, dim=1).values
    return found


def _invert(probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """Return the column in which each row's number falls, `(B,)`; rows `(B, K)` may have any sum."""
    reached = probabilities.cumsum(dim=1)
    total = reached[:, -1:].clone()
    index = torch.searchsorted(reached, uniforms.to(reached).unsqueeze(1) * total, right=True)
    last = torch.searchsorted(reached, total)  # last column above 0: a number close to 1 may be rounded beyond it
    return torch.minimum(index, last).squeeze(1)


def draw_uniforms(seed: int, rows: Sequence[int], tokens: int, times: int = 1) -> Tensor:
    """Return uniform numbers from [0, 1), `(B × times, T)`, for `times` samples of each row.

    They follow from seed, row and `times` alone, not from the other rows or the number of tokens.
    """
    numbers = [np.random.default_rng((seed, row)).random((tokens, times)).T for row in rows]
    return torch.from_numpy(np.concatenate(numbers))
