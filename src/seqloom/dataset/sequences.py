"""Token id sequences of one side of a split, read from disk on demand."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.dataset.file_array import FileArray

Ids = NDArray[np.int32]


class Sequences:
    """Sequences of one side of one split: all `ids` end to end, sequence `i` from `offsets[i]` to `offsets[i + 1]`."""

    def __init__(self, ids: Ids | FileArray, offsets: NDArray[np.int64] | FileArray) -> None:
        self.ids = ids
        self.offsets = offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Ids:
        start, end = self.offsets[index : index + 2]
        return self.ids[start:end]

    @property
    def tokens(self) -> int:
        """Return the number of tokens in all sequences."""
        return int(self.offsets[-1])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the number of tokens in each sequence, `(N,)`."""
        return np.diff(self.offsets[:])

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of tokens in each of these sequences."""
        lengths: NDArray[np.int64] = self.offsets[rows + 1] - self.offsets[rows]
        return lengths


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
    """Open what `write_sequences` wrote."""
    return Sequences(FileArray(_ids_file(stem), np.int32), FileArray.of_npy(_offsets_file(stem)))


def _ids_file(stem: Path) -> Path:
    return stem.with_name(stem.name + ".ids")


def _offsets_file(stem: Path) -> Path:
    return stem.with_name(stem.name + ".offsets.npy")
