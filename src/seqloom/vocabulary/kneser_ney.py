"""N-gram language model with modified Kneser-Ney smoothing, the baseline of a neural one.

Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling", section 3: counts of 1, 2 and
more are discounted, and the discounts back off to shorter n-grams, which are counted by the number of distinct tokens
they follow (continuation counts).

Shapes: T tokens of a text, K n-grams of one order, C contexts of one order (the n-grams of the order below), V tokens.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

UNSEEN = -1
CHARACTER_ORDER = 5
UNICODE = 0x110000  # possible characters, which share the probability of an unseen one
_END = " "  # of a word
FALLBACK = (0.5, 1.0, 1.5)  # discounts for texts that are too small to estimate them, as in KenLM


@dataclass(frozen=True)
class _Order:
    """N-grams of one length, their discounted probabilities, and the back-off weights of their contexts."""

    keys: Ids  # (K,) context × V + token, ascending
    probabilities: Floats  # (K,)
    backoff: Floats  # (C,) 1 if the context was never followed by a token

    def find(self, contexts: Ids, tokens: Ids, vocabulary: int) -> Ids:
        """Return the index of each n-gram, or `UNSEEN`."""
        wanted = np.where((contexts == UNSEEN) | (tokens == UNSEEN), UNSEEN, contexts * vocabulary + tokens)
        indices = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[indices] == wanted, indices, UNSEEN)


class KneserNey:
    """N-gram model: probabilities of tokens given the `order - 1` before each."""

    def __init__(self, text: Ids, vocabulary: int, order: int = 5) -> None:
        """Count a text `(T,)` of ids below `vocabulary`; one further token, the unknown one, has a probability too."""
        assert len(text), "a text to count"
        self.vocabulary = vocabulary
        counted = _count(text, vocabulary, min(order, len(text)))
        self.orders = []
        for length, (keys, occurrences, _) in enumerate(counted, start=1):
            longer = counted[length] if length < len(counted) else None
            followed = occurrences if longer is None else np.bincount(longer[2], minlength=len(keys))
            contexts = len(counted[length - 2][0]) if length > 1 else 1
            self.orders.append(_discounted(keys, followed.astype(np.float64), contexts, vocabulary))

    def log_probabilities(self, text: Ids) -> Floats:
        """Return the log probability `(T,)`, in nats, of each token given those before; `UNSEEN` is the unknown one."""
        likely: Floats = np.full(len(text), 1 / (self.vocabulary + 1))
        contexts = np.zeros(len(text), dtype=np.int64)  # the empty one
        for order in self.orders:
            found = order.find(contexts, text, self.vocabulary)
            backoff = np.where(contexts == UNSEEN, 1.0, order.backoff[contexts])
            likely = np.where(found == UNSEEN, 0.0, order.probabilities[found]) + backoff * likely
            contexts = np.concatenate([[UNSEEN], found[:-1]])
        logarithms: Floats = np.log(likely)
        return logarithms

    def draw(self, text: Ids, random: np.random.Generator) -> int:
        """Sample the token that follows a text `(T,)`; never the unknown one."""
        contexts = [0]  # by order, as long as the end of the text was seen
        for length in range(1, len(self.orders)):
            found = self._index(text[len(text) - length :]) if length <= len(text) else UNSEEN
            if found == UNSEEN:
                break
            contexts.append(found)
        for order, context in reversed(list(zip(self.orders, contexts, strict=False))):
            first, last = np.searchsorted(order.keys, [context * self.vocabulary, (context + 1) * self.vocabulary])
            shares = np.cumsum(order.probabilities[first:last])
            uniform = random.random()
            if len(shares) and uniform < shares[-1]:
                return int(order.keys[first + np.searchsorted(shares, uniform, side="right")] % self.vocabulary)
        return int(random.integers(self.vocabulary))

    def _index(self, gram: Ids) -> int:
        """Return the index of an n-gram among those of its length."""
        context = np.zeros(1, dtype=np.int64)
        for order, token in zip(self.orders, gram, strict=False):
            context = order.find(context, np.array([token]), self.vocabulary)
        return int(context[0])


class SpellingModel:
    """Character n-gram model of the known words, each counted once: the probability of an unknown word's spelling."""

    def __init__(self, words: Iterable[str]) -> None:
        characters = [character for word in words for character in word + _END] or [_END]
        self.characters = {character: number for number, character in enumerate(dict.fromkeys(characters))}
        self.ngrams = KneserNey(self._ids(characters), len(self.characters), CHARACTER_ORDER)

    def log_probability(self, word: str) -> float:
        """Return the log probability of the word's characters and its end, in nats."""
        ids = self._ids(_END + word + _END)
        log_probabilities: Floats = self.ngrams.log_probabilities(ids)[1:]
        unseen = int((ids == UNSEEN).sum())
        return float(log_probabilities.sum()) - unseen * float(np.log(UNICODE))

    def _ids(self, characters: Iterable[str]) -> Ids:
        return np.array([self.characters.get(character, UNSEEN) for character in characters], dtype=np.int64)


def _count(text: Ids, vocabulary: int, order: int) -> list[tuple[Ids, Ids, Ids]]:
    """Count n-grams of each length: keys, occurrences, and the index of the shorter n-gram that each ends with."""
    counted = []
    ends = np.zeros(len(text) + 1, dtype=np.int64)  # index of the shorter n-gram that ends before each token
    for length in range(1, order + 1):
        keys = ends[:-1] * vocabulary + text[length - 1 :]
        keys, first, numbers, occurrences = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        counted.append((keys, occurrences, ends[1:][first]))
        ends = numbers
    return counted


def _discounted(keys: Ids, counts: Floats, contexts: int, vocabulary: int) -> _Order:
    """Return discounted probabilities and back-off weights of counts `(K,)`."""
    sizes = np.minimum(counts, 3).astype(np.int64)
    discounts = np.array([0.0, *_discounts(counts)])[sizes]
    context = keys // vocabulary
    totals = np.bincount(context, counts, minlength=contexts)
    given = np.bincount(context, discounts, minlength=contexts)
    seen = totals > 0
    backoff = np.where(seen, given / np.where(seen, totals, 1.0), 1.0)
    return _Order(
        keys, np.where(seen, 1.0, 0.0)[context] * (counts - discounts) / np.maximum(totals, 1.0)[context], backoff
    )


def _discounts(counts: Floats) -> Sequence[float]:
    """Estimate the discounts of counts of 1, 2 and more (equation 26)."""
    once, twice, thrice, often = (float(np.sum(counts == size)) for size in (1, 2, 3, 4))
    if not (once and twice and thrice and often):
        return FALLBACK
    share = once / (once + 2 * twice)
    found = (1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice, 3 - 4 * share * often / thrice)
    return found if all(0 < discount <= size for size, discount in enumerate(found, start=1)) else FALLBACK
