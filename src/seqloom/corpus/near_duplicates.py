"""Near-duplicate sources by MinHash (Broder 1997) and locality-sensitive hashing (Indyk and Motwani 1998).

A text is the set of its runs of 5 characters, without case, spaces and punctuation. Of 60 minima of hashes a byte each
is kept (b-bit minwise hashing, Li and König 2010), from which the Jaccard similarity of two texts is estimated with a
standard error of some 0.05; bands of minima find the texts that are compared at all.

Memory per kept row: 60 bytes, and 12 for each band (10 bands at 0.8).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.text_column import TextColumn

_SHINGLE = 5  # characters
MINIMA = 60  # hash functions
_RECALL = 0.95  # of the pairs that are as similar as the threshold, at least
_RECENT = 8192  # rows held in a dictionary before they are sorted
_CHANCE = 1 / 256  # that two different minima have the same byte


class Sketch(NamedTuple):
    """Sketch of a text."""

    minima: NDArray[np.uint8]  # (60,)
    bands: NDArray[np.uint64]  # (bands,)


class NearDuplicates:
    """Index of the texts that were kept."""

    def __init__(self, similarity: float) -> None:
        """Take the highest Jaccard similarity that two kept texts may have."""
        self._similarity = similarity
        self._width = band_width(similarity)
        draw = np.random.default_rng(1)
        self._factors = draw.integers(1, 2**63, MINIMA, dtype=np.uint64) | np.uint64(1)
        self._minima: list[NDArray[np.uint8]] = []  # of the rows, in arrays of _RECENT
        self._recent: dict[int, list[int]] = {}  # rows by band
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.uint32]]] = []  # sorted bands, and their rows
        self._rows = 0

    def sketches(self, texts: Sequence[str]) -> list[Sketch]:
        """Return the sketch of each text."""
        if not texts:
            return []
        hashes, offsets = _shingles(texts)
        minima = np.stack([np.minimum.reduceat(hashes * factor >> np.uint64(32), offsets) for factor in self._factors])
        bands = _mix_rows(minima.reshape(-1, self._width, len(texts)))
        return [Sketch(*row) for row in zip(minima.T.astype(np.uint8), bands.T, strict=True)]

    def similarity_to_kept(self, sketch: Sketch) -> float:
        """Return the highest estimated similarity, 0 to 1, to a kept text that shares a band; 0 without one."""
        return max(self._similarities(sketch).values(), default=0.0)

    def is_too_similar(self, sketch: Sketch) -> bool:
        """Return whether a kept text is more similar than the recipe allows."""
        return self.similarity_to_kept(sketch) > self._similarity

    def too_similar(self, sketch: Sketch) -> list[int]:
        """Return the kept texts that are more similar than allowed, counted from 0 in the order they were added."""
        return [row for row, similarity in self._similarities(sketch).items() if similarity > self._similarity]

    def add(self, sketch: Sketch) -> None:
        """Keep a text."""
        if self._rows % _RECENT == 0:
            self._minima.append(np.empty((_RECENT, MINIMA), np.uint8))
        self._minima[-1][self._rows % _RECENT] = sketch.minima
        for band in sketch.bands.tolist():
            self._recent.setdefault(band, []).append(self._rows)
        self._rows += 1
        if self._rows % _RECENT == 0:
            self._sort_recent()

    @property
    def state_bytes(self) -> int:
        """Memory of what is kept, in bytes, without the last few thousand rows."""
        return sum(part.nbytes for part in self._minima) + sum(part.nbytes for run in self._runs for part in run)

    def _similarities(self, sketch: Sketch) -> dict[int, float]:
        """Return the estimated similarity, 0 to 1, of each kept text that shares a band."""
        rows = sorted(set(self._candidates(sketch.bands)))
        if not rows:
            return {}
        kept = np.stack([self._minima[row // _RECENT][row % _RECENT] for row in rows])
        similar = np.maximum(0.0, estimated_similarity(kept, sketch.minima))
        return dict(zip(rows, similar.tolist(), strict=True))

    def _candidates(self, bands: NDArray[np.uint64]) -> Iterator[int]:
        for band in bands.tolist():
            yield from self._recent.get(band, ())
        for keys, rows in self._runs:
            first, last = np.searchsorted(keys, bands, "left"), np.searchsorted(keys, bands, "right")
            for at in np.flatnonzero(first < last):
                yield from rows[first[at] : last[at]].tolist()

    def _sort_recent(self) -> None:
        """Turn the dictionary into a sorted run, and merge it with runs that are no longer, so that few remain."""
        keys = np.fromiter((band for band, rows in self._recent.items() for _ in rows), np.uint64)
        rows = np.fromiter((row for rows in self._recent.values() for row in rows), np.uint32)
        self._recent = {}
        while self._runs and len(self._runs[-1][0]) <= len(keys):
            older = self._runs.pop()
            keys, rows = np.concatenate([older[0], keys]), np.concatenate([older[1], rows])
        order = np.argsort(keys, kind="stable")
        self._runs.append((keys[order], rows[order]))


def estimated_similarity(minima: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the estimated Jaccard similarity of texts, with minima `(N, 60)`, to another one, `(60,)`."""
    same: NDArray[np.float64] = (minima == other).mean(axis=1)
    return (same - _CHANCE) / (1 - _CHANCE)


def band_width(similarity: float) -> int:
    """Return the most minima a band for which texts of this similarity share one of 60 / width bands in 95 of 100."""
    return max(
        width
        for width in range(1, MINIMA + 1)
        if MINIMA % width == 0 and 1 - (1 - similarity**width) ** (MINIMA // width) >= _RECALL
    )


def _shingles(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the hashes of the shingles of all texts, and where those of each text begin."""
    folded = [text.ljust(_SHINGLE, "\0") for text in TextColumn(texts).folded]
    codes = np.frombuffer("".join(folded).encode("utf-32-le"), np.uint32).astype(np.uint64)
    hashes = _mix_rows(np.stack([codes[at : len(codes) - _SHINGLE + 1 + at] for at in range(_SHINGLE)])[None])[0]
    lengths = np.array([len(text) for text in folded])
    counts = lengths - _SHINGLE + 1  # those that go over from one text to the next are left out
    offsets = np.cumsum(counts) - counts
    within = np.repeat(np.cumsum(lengths) - lengths - offsets, counts)
    return hashes[within + np.arange(counts.sum())], offsets


def _mix_rows(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash the columns of `(B, R, N)` numbers to `(B, N)`, B in the hash: FNV-1's steps and the end of MurmurHash3."""
    hashed = np.repeat(np.arange(len(values), dtype=np.uint64)[:, None], values.shape[2], axis=1)
    for row in range(values.shape[1]):
        hashed = hashed * np.uint64(0x100000001B3) + values[:, row]
        hashed ^= hashed >> np.uint64(29)
    hashed *= np.uint64(0xFF51AFD7ED558CCD)
    return hashed ^ (hashed >> np.uint64(33))
