"""Array of numbers in a file, read on demand."""

import os
import weakref
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

NEAR = 1024  # numbers: closer than that, two are read at once with what lies between them


class FileArray:
    """Read-only array of one dimension in a file.

    It is no memory-mapped file: the kernel maps up to megabytes around each read, so that a process with random reads
    in a large file soon seems to hold all of it (docs/notes/speed.md).
    """

    def __init__(self, path: Path, dtype: DTypeLike, start: int = 0) -> None:
        self._dtype = np.dtype(dtype)
        self._start = start
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        self._length = (path.stat().st_size - start) // self._dtype.itemsize

    @classmethod
    def of_npy(cls, path: Path) -> "FileArray":
        """Open a file that `np.save` wrote."""
        mapped = np.load(path, mmap_mode="r")
        return cls(path, mapped.dtype, mapped.offset)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, indices: int) -> int: ...
    @overload
    def __getitem__(self, indices: slice | NDArray[np.int64]) -> NDArray[Any]: ...
    def __getitem__(self, indices: int | slice | NDArray[np.int64]) -> int | NDArray[Any]:
        if isinstance(indices, slice):
            first, last, step = indices.indices(self._length)
            assert step == 1
            return self._read(first, max(first, last))
        if isinstance(indices, np.ndarray):
            return self._gather(indices)
        first = indices % self._length
        return int(self._read(first, first + 1)[0])

    def _read(self, first: int, last: int) -> NDArray[Any]:
        size = self._dtype.itemsize
        wanted, at = (last - first) * size, self._start + first * size
        data = os.pread(self._descriptor, wanted, at)
        while len(data) < wanted:  # the kernel reads no more than 2 GiB at once
            data += self._more(wanted - len(data), at + len(data))
        return np.frombuffer(data, self._dtype)

    def _more(self, wanted: int, at: int) -> bytes:
        more = os.pread(self._descriptor, wanted, at)
        if not more:
            raise EOFError("a file of the batches became shorter while it was read; remove its folder and run again")
        return more

    def _gather(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Return the numbers at `indices`, with one read for each stretch of near ones."""
        order = np.argsort(indices, kind="stable")
        ascending = indices[order]
        found = np.empty(len(indices), self._dtype)
        for run in np.split(np.arange(len(indices)), np.flatnonzero(np.diff(ascending) > NEAR) + 1):
            if len(run):
                first = int(ascending[run[0]])
                stretch = self._read(first, int(ascending[run[-1]]) + 1)
                found[order[run]] = stretch[ascending[run] - first]
        return found
