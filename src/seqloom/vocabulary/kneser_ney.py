"""An n-gram model with modified Kneser-Ney smoothing: what a language model has to beat.

Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling", section 3: of every count
something is taken off, by whether it is 1, 2 or more, and given to the shorter n-grams, which are counted by how many
tokens they follow and not by how often they occur.

T tokens of a text, K n-grams of one order, C contexts of one order (the n-grams of the order below), V tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Figures = NDArray[np.float64]

UNSEEN = -1
FALLBACK = (0.5, 1.0, 1.5)  # discounts where a text is too small to tell them, as KenLM has them


@dataclass(frozen=True)
class _Order:
    """The n-grams of one length: what each is worth by itself, and what its context leaves to shorter ones."""

    keys: Ids  # (K,) context × V + token, rising
    worth: Figures  # (K,)
    left: Figures  # (C,) 1 where nothing was seen behind the context

    def find(self, contexts: Ids, tokens: Ids, vocabulary: int) -> Ids:
        """Return the number of each n-gram, or `UNSEEN`."""
        wanted = np.where((contexts == UNSEEN) | (tokens == UNSEEN), UNSEEN, contexts * vocabulary + tokens)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[places] == wanted, places, UNSEEN)


class KneserNey:
    """Probabilities of tokens, each given the `order - 1` before it."""

    def __init__(self, text: Ids, vocabulary: int, order: int = 5) -> None:
        """Count a text `(T,)` of ids below `vocabulary`; one token more, an unknown one, has a chance as well."""
        assert len(text), "a text to count"
        self.vocabulary = vocabulary
        counted = _count(text, vocabulary, min(order, len(text)))
        self.orders = []
        for length, (keys, occurrences, _) in enumerate(counted, start=1):
            longer = counted[length] if length < len(counted) else None
            followed = occurrences if longer is None else np.bincount(longer[2], minlength=len(keys))
            contexts = len(counted[length - 2][0]) if length > 1 else 1
            self.orders.append(_discounted(keys, followed.astype(np.float64), contexts, vocabulary))

    def log_probabilities(self, text: Ids) -> Figures:
        """Of each token of a text `(T,)`, in nats, given those before it; `UNSEEN` is the unknown one."""
        likely: Figures = np.full(len(text), 1 / (self.vocabulary + 1))
        contexts = np.zeros(len(text), dtype=np.int64)  # the empty one
        for order in self.orders:
            found = order.find(contexts, text, self.vocabulary)
            left = np.where(contexts == UNSEEN, 1.0, order.left[contexts])
            likely = np.where(found == UNSEEN, 0.0, order.worth[found]) + left * likely
            contexts = np.concatenate([[UNSEEN], found[:-1]])
        logarithms: Figures = np.log(likely)
        return logarithms

    def draw(self, text: Ids, random: np.random.Generator) -> int:
        """Return a token to follow a text `(T,)`, by its probability; never the one that is not known."""
        contexts = [0]  # of each order, as far as the end of the text was seen
        for length in range(1, len(self.orders)):
            found = self._number(text[len(text) - length :]) if length <= len(text) else UNSEEN
            if found == UNSEEN:
                break
            contexts.append(found)
        for order, context in reversed(list(zip(self.orders, contexts, strict=False))):
            first, last = np.searchsorted(order.keys, [context * self.vocabulary, (context + 1) * self.vocabulary])
            shares = np.cumsum(order.worth[first:last])
            uniform = random.random()
            if len(shares) and uniform < shares[-1]:
                return int(order.keys[first + np.searchsorted(shares, uniform, side="right")] % self.vocabulary)
        return int(random.integers(self.vocabulary))

    def _number(self, gram: Ids) -> int:
        """Of an n-gram, among those of its length."""
        context = np.zeros(1, dtype=np.int64)
        for order, token in zip(self.orders, gram, strict=False):
            context = order.find(context, np.array([token]), self.vocabulary)
        return int(context[0])


def _count(text: Ids, vocabulary: int, order: int) -> list[tuple[Ids, Ids, Ids]]:
    """Of each length the n-grams' keys, how often they occur, and the n-gram of one less that each ends with."""
    counted = []
    ends = np.zeros(len(text) + 1, dtype=np.int64)  # of the n-gram, a token shorter, that ends before each place
    for length in range(1, order + 1):
        keys = ends[:-1] * vocabulary + text[length - 1 :]
        keys, first, numbers, occurrences = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        counted.append((keys, occurrences, ends[1:][first]))
        ends = numbers
    return counted


def _discounted(keys: Ids, counts: Figures, contexts: int, vocabulary: int) -> _Order:
    """Return what is left of counts `(K,)` when each has given away its discount."""
    sizes = np.minimum(counts, 3).astype(np.int64)
    discounts = np.array([0.0, *_discounts(counts)])[sizes]
    context = keys // vocabulary
    totals = np.bincount(context, counts, minlength=contexts)
    given = np.bincount(context, discounts, minlength=contexts)
    seen = totals > 0
    left = np.where(seen, given / np.where(seen, totals, 1.0), 1.0)
    return _Order(
        keys, np.where(seen, 1.0, 0.0)[context] * (counts - discounts) / np.maximum(totals, 1.0)[context], left
    )


def _discounts(counts: Figures) -> Sequence[float]:
    """Return what counts of 1, 2 and more give away (equation 26)."""
    once, twice, thrice, often = (float(np.sum(counts == size)) for size in (1, 2, 3, 4))
    if not (once and twice and thrice and often):
        return FALLBACK
    share = once / (once + 2 * twice)
    found = (1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice, 3 - 4 * share * often / thrice)
    return found if all(0 < gift <= size for size, gift in enumerate(found, start=1)) else FALLBACK
