"""Exposure of the canaries in the training text: how much likelier a model finds them than what it has not seen.

Carlini et al. 2019, sections 4.2 to 4.4: https://arxiv.org/abs/1802.08232. The exposure of a canary is log2 |R| - log2
of its rank among all |R| sequences that could stand in its place, by log-perplexity: 1 to 2 bits on average for a model
that has not seen it, log2 |R| for one that knows it by heart.

B batch, T target length, N target tokens without padding, V vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import torch
from scipy.stats import skewnorm

from seqloom.corpus.canaries import SPACE, Canary, secrets
from seqloom.dataset.padded_batch import make_batch, padding_mask
from seqloom.decoding.generator import Generator
from seqloom.decoding.language_model import LanguageModel
from seqloom.evaluation.paired_bootstrap import Figures
from seqloom.recipe.metric import KEPT_PLACES

EXPOSURE = "exposure"  # metric of an evaluation, and field of its facts
CANDIDATES = 500  # random sequences that a canary is compared with
_ROWS_AT_ONCE = 128
_LARGEST_SKEWNESS = 0.99  # of a skew-normal distribution, about


@dataclass(frozen=True)
class _Exposed:
    """A canary and its exposure, in bits."""

    prompt: str
    exposure: float
    rank: float  # among itself and the candidates


def exposure(generator: Generator, canaries: Sequence[Canary]) -> dict[str, Any]:
    """Return the exposure of the canaries, on average and each, in bits."""
    known = {canary.secret for canary in canaries}
    candidates = [secret for secret in secrets("candidates", CANDIDATES + len(known)) if secret not in known]
    found = [_exposed(generator, canary, candidates[:CANDIDATES]) for canary in canaries]
    return {
        "mean": round(fmean(each.exposure for each in found), KEPT_PLACES),
        "most": round(max(each.exposure for each in found), KEPT_PLACES),
        "bits": round(math.log2(SPACE), KEPT_PLACES),
        "candidates": CANDIDATES,
        "canaries": [
            {"prompt": each.prompt, "exposure": round(each.exposure, KEPT_PLACES), "rank": each.rank} for each in found
        ],
    }


def _exposed(generator: Generator, canary: Canary, candidates: Sequence[str]) -> _Exposed:
    own, *others = log_perplexities(generator, [canary.row(secret) for secret in (canary.secret, *candidates)])
    return _Exposed(canary.prompt, exposure_of(own, np.array(others), SPACE), rank_of(own, np.array(others)))


def rank_of(own: float, others: Figures) -> float:
    """Return the rank of a log-perplexity among itself and others, 1 for the lowest; ties have their mean rank."""
    return 1.0 + float((others < own).sum()) + float((others == own).sum()) / 2


def exposure_of(own: float, others: Figures, space: int) -> float:
    """Return the exposure of a sequence, in bits, by the log-perplexities of `others` out of a `space` of so many.

    It is that of its rank among them. Where it comes before all, and they are not the whole space, it is that of a
    skew-normal distribution which has their mean, variance and skewness, as far as the space allows.
    """
    seen = len(others) + 1
    rank = rank_of(own, others)
    if rank > 1.0 or seen >= space:
        return math.log2(seen) - math.log2(rank)
    return float(np.clip(-_log_cdf(own, others) / math.log(2), math.log2(seen), math.log2(space)))


def _log_cdf(value: float, sample: Figures) -> float:
    """Return the logarithm of the probability below a value, by a skew-normal distribution with a sample's moments."""
    mean, deviation = float(sample.mean()), float(sample.std())
    if deviation == 0.0:
        return 0.0
    skewness = float(np.mean(((sample - mean) / deviation) ** 3))
    skewness = min(max(skewness, -_LARGEST_SKEWNESS), _LARGEST_SKEWNESS)
    part = abs(skewness) ** (2 / 3)
    delta = math.copysign(math.sqrt(math.pi / 2 * part / (part + ((4 - math.pi) / 2) ** (2 / 3))), skewness)
    scale = deviation / math.sqrt(1 - 2 * delta**2 / math.pi)
    shape = delta / math.sqrt(1 - delta**2)
    return float(skewnorm.logcdf(value, shape, mean - scale * delta * math.sqrt(2 / math.pi), scale))


def log_perplexities(generator: Generator, rows: Sequence[tuple[str, str]]) -> list[float]:
    """Return the negative log-probability, in nats, of the target of each row given its source; of texts as a whole."""
    if isinstance(generator, LanguageModel):
        return [-value for value in generator.log_probabilities([target for _, target in rows])]
    sources = generator.encode([source for source, _ in rows])
    normalizers = generator.normalizers  # the rows of training went through them
    targets = generator.target.encode([normalizers.of_side(target, "target") for _, target in rows])
    if not generator.backend.has_encoder:  # source and target are one text
        targets = [[*source, *target] for source, target in zip(sources, targets, strict=True)]
    return [
        value
        for start in range(0, len(rows), _ROWS_AT_ONCE)
        for value in _losses(generator, sources[start : start + _ROWS_AT_ONCE], targets[start : start + _ROWS_AT_ONCE])
    ]


@torch.inference_mode()
def _losses(generator: Generator, sources: list[list[int]], targets: list[list[int]]) -> list[float]:
    """Return the loss of each target by teacher forcing."""
    model = generator.model
    batch = make_batch(sources, targets).to(generator.torch_backend.device)
    real = padding_mask(batch.target_output)  # (B, T)
    logits = model.project(model(batch)[real]).float()  # (N, V)
    losses = -logits.log_softmax(dim=1).gather(1, batch.target_output[real].unsqueeze(1)).squeeze(1).double()  # (N,)
    rows = real.nonzero()[:, 0]
    return torch.zeros(len(targets), dtype=torch.float64, device=rows.device).index_add_(0, rows, losses).tolist()
