"""Token ids of a whole corpus side, memory-mapped: memory does not grow with the corpus."""

import mmap
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]


class Sequences:
    """One side of one split: all `ids` end to end, sequence `i` from `offsets[i]` to `offsets[i + 1]`."""

    def __init__(self, ids: Ids, offsets: NDArray[np.int64]) -> None:
        self.ids = ids
        self.offsets = offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Ids:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @property
    def tokens(self) -> int:
        """Tokens in all sequences."""
        return int(self.offsets[-1])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens in each sequence, `(N,)`."""
        return np.diff(self.offsets)

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens in each of these sequences."""
        lengths: NDArray[np.int64] = self.offsets[rows + 1] - self.offsets[rows]
        return lengths

    def release(self) -> None:
        """Give the pages that were read back to the system, which keeps them while it has room."""
        for array in (self.ids, self.offsets):
            if isinstance(array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
                array.base.madvise(mmap.MADV_DONTNEED)


def write_sequences(stem: Path, chunks: Iterable[Sequence[Sequence[int]]]) -> Sequences:
    """Append chunk after chunk to `stem.ids`, then write `stem.offsets.npy`; only one chunk is ever in memory."""
    lengths: list[NDArray[np.int64]] = [np.zeros(1, dtype=np.int64)]
    with _ids_file(stem).open("wb") as file:
        for chunk in chunks:
            lengths.append(np.fromiter(map(len, chunk), dtype=np.int64, count=len(chunk)))
            np.fromiter(chain.from_iterable(chunk), dtype=np.int32, count=int(lengths[-1].sum())).tofile(file)
    np.save(_offsets_file(stem), np.cumsum(np.concatenate(lengths)))
    return open_sequences(stem)


def open_sequences(stem: Path) -> Sequences:
    """Map what `write_sequences` wrote."""
    offsets: NDArray[np.int64] = np.load(_offsets_file(stem), mmap_mode="r")
    empty = offsets[-1] == 0  # a file of no bytes cannot be mapped
    ids = np.zeros(0, dtype=np.int32) if empty else np.memmap(_ids_file(stem), dtype=np.int32, mode="r")
    return Sequences(ids, offsets)


def _ids_file(stem: Path) -> Path:
    return stem.with_name(stem.name + ".ids")


def _offsets_file(stem: Path) -> Path:
    return stem.with_name(stem.name + ".offsets.npy")
