"""Of several texts that were drawn, the one that the others agree with most.

Each is taken for the truth in turn, and the text whose mean chrF against them is highest comes first: minimum Bayes
risk (Kumar and Byrne 2004) with the model's own draws for what is likely to be right, Eikema and Aziz 2020,
https://arxiv.org/abs/2005.10283. chrF: Popović 2015, as sacrebleu counts it.

K texts, G different n-grams.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ORDERS = range(1, 7)  # characters of an n-gram
RECALL = 2.0  # counts so many times as much as precision


def mbr_rank(texts: Sequence[str]) -> list[int]:
    """Where the texts stand, the most agreed with first; those equal in that as they came."""
    agreed = pairwise_chrf(texts).mean(axis=1)
    places: list[int] = np.argsort(-agreed.round(9), kind="stable").tolist()
    return places


def pairwise_chrf(texts: Sequence[str]) -> NDArray[np.float64]:
    """chrF, 0 to 1, of each text `(K, K)` with each in turn for its reference, in the columns."""
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
    weight = RECALL**2
    below = weight * mean_precision + mean_recall
    above = (1 + weight) * mean_precision * mean_recall
    scores: NDArray[np.float64] = np.divide(above, below, where=below > 0, out=np.zeros_like(below))
    return scores


def _counts(texts: Sequence[str], order: int) -> NDArray[np.int64]:
    """How often each text has each n-gram that any has, `(K, G)`."""
    places: dict[str, int] = {}
    found = [
        [places.setdefault(text[start : start + order], len(places)) for start in range(len(text) - order + 1)]
        for text in texts
    ]
    return np.stack([np.bincount(row, minlength=len(places)) for row in found]).astype(np.int64)
