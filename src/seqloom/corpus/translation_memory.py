"""Translation memory: the training pairs whose sources are nearest to a text.

Candidates share rare n-grams of characters with the text (TF-IDF, cosine); of these the nearest by the edit distance of
words count, as in Bulte and Tezcan 2019 (https://aclanthology.org/P19-1175). NumPy is all that it needs.

N pairs, G n-gram buckets, P postings: one for each distinct n-gram of each source.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.normalization import normalize

MOST_PAIRS = 500_000  # of a memory; of a larger corpus as many from all over it
BUCKETS = 1 << 18
NGRAM_LENGTHS = (3, 5)  # characters
COMMON = 2000  # sources with an n-gram at most: a more frequent one says little, and makes each lookup slow
CANDIDATES = 16
WORDS_COMPARED = 64  # of each text


class Match(NamedTuple):
    """A pair of the memory, and how similar its source is to a text: 1 − edits / words of the longer one."""

    source: str
    target: str
    similarity: float


class TranslationMemory:
    """Pairs, and an inverted index of the n-grams of their sources."""

    def __init__(self, pairs: Sequence[Sequence[str]], starts: NDArray[np.int64], rows: NDArray[np.int32]) -> None:
        """Take N pairs of source and target, and their index.

        The sources with an n-gram of bucket b are `rows[starts[b] : starts[b + 1]]`, of shapes `(P,)` and `(G + 1,)`.
        """
        self.pairs = pairs
        self._starts, self._rows = starts, rows
        sources = np.diff(starts)  # with each n-gram
        idf = np.log((1 + len(pairs)) / (1 + sources)) + 1
        self._idf = np.where(sources <= COMMON, idf, 0.0)
        squares = np.bincount(rows, np.repeat(self._idf**2, sources), minlength=len(pairs))
        self._norms = np.sqrt(np.maximum(squares, 1e-12))

    @classmethod
    def of(cls, pairs: Sequence[Sequence[str]]) -> Self:
        """Build the index of pairs of source and target."""
        if len(pairs) > MOST_PAIRS:
            pairs = [pairs[row * len(pairs) // MOST_PAIRS] for row in range(MOST_PAIRS)]
        ngrams = [_ngrams(normalize(source)) for source, _ in pairs]
        rows = np.repeat(np.arange(len(pairs), dtype=np.int32), [len(each) for each in ngrams])
        buckets = np.fromiter((bucket for each in ngrams for bucket in each), np.int64, len(rows))
        starts = np.concatenate([[0], np.cumsum(np.bincount(buckets, minlength=BUCKETS))])
        return cls(pairs, starts, rows[np.argsort(buckets, kind="stable")])

    def nearest(self, text: str, count: int, least: float, *, of_training: bool = False) -> list[Match]:
        """Return up to `count` pairs whose similarity is at least `least`, the most similar first, then by row.

        A row of the training text itself (`of_training`) gets pairs with another source than its own. Each target
        occurs once.
        """
        text = normalize(text)
        units = _units(text)
        found: dict[str, Match] = {}
        for row in self._candidates(text):
            source, target = self.pairs[row]
            folded = normalize(source)
            similarity = _similarity(units, _units(folded))
            if similarity >= least and not (of_training and folded == text):
                better = found.get(target)
                if better is None or better.similarity < similarity:
                    found[target] = Match(source, target, similarity)
        return sorted(found.values(), key=lambda match: -match.similarity)[:count]

    def _candidates(self, text: str) -> list[int]:
        """Return the rows with the highest cosine, in their order in the corpus."""
        parts = [
            (bucket, self._rows[self._starts[bucket] : self._starts[bucket + 1]])
            for bucket in _ngrams(text)
            if self._idf[bucket] and self._starts[bucket] < self._starts[bucket + 1]
        ]
        if not parts:
            return []
        weights = np.repeat([self._idf[bucket] ** 2 for bucket, _ in parts], [len(rows) for _, rows in parts])
        rows = np.concatenate([rows for _, rows in parts])
        cosine = np.bincount(rows, weights, minlength=len(self.pairs)) / self._norms
        kept = min(CANDIDATES, len(cosine))
        lowest = max(float(np.partition(cosine, -kept)[-kept]), 1e-12)
        highest: list[int] = np.flatnonzero(cosine >= lowest).tolist()
        return highest[: 2 * CANDIDATES]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, by name."""
        text = json.dumps([list(pair) for pair in self.pairs], ensure_ascii=False).encode()
        return {"pairs": np.frombuffer(text, np.uint8), "starts": self._starts, "rows": self._rows}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the memory that `arrays` described."""
        return cls(json.loads(arrays["pairs"].tobytes()), arrays["starts"], arrays["rows"])


def _ngrams(text: str) -> list[int]:
    """Return the buckets of the distinct n-grams of a text, without case."""
    padded = f" {text.casefold()} "
    pieces = {
        padded[start : start + length] for length in NGRAM_LENGTHS for start in range(max(1, len(padded) - length + 1))
    }
    return sorted({crc32(piece.encode("utf-8", "replace")) % BUCKETS for piece in pieces})


def _units(text: str) -> list[str]:
    """Return the words of a text; the characters of one without spaces."""
    units: Iterator[str] | list[str] = iter(text.casefold()) if " " not in text else text.casefold().split(" ")
    return list(islice(units, WORDS_COMPARED))


def _similarity(one: Sequence[str], other: Sequence[str]) -> float:
    """Return 1 − Levenshtein distance / units of the longer text."""
    previous = list(range(len(other) + 1))
    for row, unit in enumerate(one, start=1):
        current = [row]
        for column, second in enumerate(other):
            current.append(min(previous[column] + (unit != second), previous[column + 1] + 1, current[column] + 1))
        previous = current
    return 1.0 - previous[-1] / max(len(one), len(other), 1)
