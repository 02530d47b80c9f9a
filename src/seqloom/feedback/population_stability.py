"""Population stability index (PSI): how far the shares of a distribution have moved.

PSI = Σ (found - expected) · ln(found / expected) over the bins: 0 where nothing moved; by custom below 0.1 is little
and above 0.25 much. Of small samples chance alone makes it large (Yurdakul & Naranjo 2020), so both are given.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

BINS = 10  # of numbers, with equal shares of what is expected
SMOOTHING = 0.5  # values a bin, on average, added in the shares of both together, so that no bin of either is empty
CHANCE = 0.99  # probability that two samples of one distribution stay below


def stability_index(expected: Sequence[int], found: Sequence[int]) -> float:
    """Return the PSI of two counts of the same bins."""
    counts = np.asarray([expected, found], dtype=np.float64)
    counts = counts[:, counts.any(axis=0)]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    counts += SMOOTHING * counts.shape[1] * shares.mean(axis=0)
    before, after = counts / counts.sum(axis=1, keepdims=True)
    return float(((after - before) * np.log(after / before)).sum())


def index_by_chance(expected: int, found: int, bins: int) -> float:
    """Return the PSI below which `CHANCE` of all pairs of samples with so many values are, of one distribution.

    PSI over (1 / expected + 1 / found) is then nearly chi-squared with one degree of freedom less than bins.
    """
    if bins < 2 or not expected or not found:
        return math.inf
    from scipy.stats import chi2  # a second to import

    return float(chi2.ppf(CHANCE, bins - 1)) * (1 / expected + 1 / found)


def counts_in_bins(expected: Sequence[float], found: Sequence[float]) -> tuple[list[int], list[int], list[str]]:
    """Return how many numbers of each are in every bin, and the bins' names; bins end at deciles of `expected`."""
    inner = np.unique(np.quantile(np.asarray(expected, dtype=np.float64), np.arange(1, BINS) / BINS))
    counts = [np.bincount(np.searchsorted(inner, values), minlength=len(inner) + 1) for values in (expected, found)]
    names = [f"to {inner[0]:.4g}", *(f"to {high:.4g}" for _, high in pairwise(inner)), f"above {inner[-1]:.4g}"]
    return counts[0].tolist(), counts[1].tolist(), names
