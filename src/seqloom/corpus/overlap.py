"""Overlap of held-out and training text, ignoring case, spaces and punctuation (test set contamination)."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus import SPLITS
from seqloom.corpus.normalization import fold_text
from seqloom.corpus.row_spill import Spill, bucket_count

HELD_OUT = ("validation", "test")
_KEY = np.dtype([("key", "u8")])

Chunks = Iterable[Sequence[str]]
"""The texts of a split, some thousands at a time."""


class Overlap:
    """Keys of folded sources by split, spilled to the disk."""

    def __init__(self, rows: int, folder: Path) -> None:
        """Take the number of rows, at most, and a folder for the spills."""
        self._keys = {split: Spill(folder / f"folded-{split}", _KEY, bucket_count(rows)) for split in SPLITS}

    def add(self, split: str, keys: NDArray[np.uint64]) -> None:
        """Add the keys of pairs of a split."""
        spill = self._keys[split]
        spill.add(keys & np.uint64(spill.buckets - 1), keys.astype(_KEY))

    def with_training(self) -> dict[str, float]:
        """Return the share, 0 to 1, of the sources of each held-out split that training has a near-duplicate of."""
        found, rows = dict.fromkeys(HELD_OUT, 0), dict.fromkeys(HELD_OUT, 0)
        for bucket in range(self._keys["train"].buckets):
            train = np.sort(self._keys["train"].take(bucket)["key"])
            for split in HELD_OUT:
                keys = self._keys[split].take(bucket)["key"]
                found[split] += int(_are_in(keys, train).sum())
                rows[split] += len(keys)
        return {split: round(found[split] / rows[split], 4) for split in HELD_OUT}


def _are_in(keys: NDArray[np.uint64], ordered: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which of a few keys are among many in order, which `np.isin` would hash."""
    return np.searchsorted(ordered, keys, "left") < np.searchsorted(ordered, keys, "right")


def sources_of(folder: Path, split: str) -> Chunks:
    """Yield the sources of a split of the corpus in `folder`, in order."""
    from seqloom.corpus.corpus_files import iterate_split  # pyarrow, which folding a text does without

    for table in iterate_split(folder, split, ("source",)):
        yield table["source"].tolist()


def stand_in(texts: Sequence[str], training: Chunks) -> NDArray[np.bool_]:
    """Return which of the texts stand in the training text, `(N,)`."""
    return _found(_digests([texts]), training)


def _found(asked: NDArray[np.uint64], training: Chunks) -> NDArray[np.bool_]:
    found = [np.intersect1d(asked, _digests([chunk])) for chunk in training]
    return np.isin(asked, np.concatenate([np.empty(0, np.uint64), *found]))


def _digests(chunks: Chunks) -> NDArray[np.uint64]:
    folded = (fold_text(text).encode() for text in chain.from_iterable(chunks))
    each = (int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) for text in folded)
    return np.fromiter(each, np.uint64)
