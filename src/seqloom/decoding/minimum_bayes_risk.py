"""Minimum Bayes risk decoding: rank samples by their mean chrF against the others.

Kumar and Byrne 2004; with the model's own samples as pseudo-references, Eikema and Aziz 2020,
https://arxiv.org/abs/2005.10283. chrF: Popović 2015, as sacrebleu counts it.

K texts, G different n-grams.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ORDERS = range(1, 7)  # of the character n-grams
BETA = 2.0  # weight of recall against precision


def mbr_rank(texts: Sequence[str]) -> list[int]:
    """Return the indices of the texts, the highest mean chrF against all first; ties keep their order."""
    utility = pairwise_chrf(texts).mean(axis=1)
    ranking: list[int] = np.argsort(-utility.round(9), kind="stable").tolist()
    return ranking


def pairwise_chrf(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the chrF of each text (row) against each as its reference (column), 0 to 1, `(K, K)`."""
    bare = ["".join(text.split()) for text in texts]
    precision, recall, orders = (np.zeros((len(texts), len(texts))) for _ in range(3))
    for order in ORDERS:
        counts = _counts(bare, order)
        shared = np.stack([np.minimum(counts, row).sum(axis=1) for row in counts])
        sizes = counts.sum(axis=1)
        counted = np.outer(sizes, sizes) > 0
        precision += np.divide(shared, sizes[:, None], where=counted, out=np.zeros_like(precision))
        recall += np.divide(shared, sizes[None, :], where=counted, out=np.zeros_like(recall))
        orders += counted
    mean_precision, mean_recall = (np.divide(x, orders, where=orders > 0, out=x) for x in (precision, recall))
    weight = BETA**2
    below = weight * mean_precision + mean_recall
    above = (1 + weight) * mean_precision * mean_recall
    scores: NDArray[np.float64] = np.divide(above, below, where=below > 0, out=np.zeros_like(below))
    return scores


def _counts(texts: Sequence[str], order: int) -> NDArray[np.int64]:
    """Return the count of each n-gram in each text, `(K, G)`."""
    index: dict[str, int] = {}
    found = [
        [index.setdefault(text[start : start + order], len(index)) for start in range(len(text) - order + 1)]
        for text in texts
    ]
    return np.stack([np.bincount(row, minlength=len(index)) for row in found]).astype(np.int64)
