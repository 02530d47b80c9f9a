"""Groups of similar training sources, so that a split can take a group as a whole.

Two sources are joined if they share a band of their sketches and are more similar than the limit; a group is what is
connected by such pairs. Bands are spilled to the disk by hash, and sketches and groups are files that the system maps
into memory as it can: 76 bytes a row, and 16 for each band.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.near_duplicates import MINIMA, estimated_similarity
from seqloom.corpus.part_files import Part, keys_of
from seqloom.corpus.row_spill import Spill, bucket_count

SIMILARITY = 0.8
"""Jaccard similarity of two sources above which no two splits share them."""

_BAND = np.dtype([("key", "u8"), ("row", "u8")])
_WINDOW = 256  # rows before it in its band that a row is compared with


class SimilarGroups:
    """The groups of the candidates among training rows, by union-find (Tarjan 1975)."""

    def __init__(self, parts: Sequence[Part], folder: Path) -> None:
        """Take the parts in order, and a folder for the files."""
        self._parts = [part for part in parts if part.given_for == "train"]
        firsts = accumulate((part.rows for part in self._parts), initial=0)
        self._firsts = {part.path: first for part, first in zip(self._parts, firsts, strict=False)}
        rows = max(1, sum(part.rows for part in self._parts))
        self._minima = np.memmap(folder / "minima.bin", np.uint8, "w+", shape=(rows, MINIMA))
        self._openings = np.memmap(folder / "openings.bin", np.uint64, "w+", shape=(rows,))
        self._parents = np.memmap(folder / "parents.bin", np.uint64, "w+", shape=(rows,))
        self._parents[:] = np.arange(rows, dtype=np.uint64)
        for bucket in self._spilled(folder):
            self._join(bucket)
        self._name_groups()

    def openings_of(self, part: Part) -> NDArray[np.uint64]:
        """Return the key of each row's group, by which it is split; of a row alone its opening."""
        first = self._firsts[part.path]
        return np.array(self._openings[first : first + part.rows])

    def _spilled(self, folder: Path) -> Iterator[NDArray[np.void]]:
        """Keep the sketches and openings of all rows, and yield the bands of candidates, bucket by bucket."""
        spill = Spill(folder / "groups", _BAND, bucket_count(16 * len(self._parents)))
        for part in self._parts:
            first = self._firsts[part.path]
            batch = part.read("reason", "minima", "bands", "opening")
            self._openings[first : first + part.rows] = keys_of(batch["opening"])
            rows = np.flatnonzero(part.candidates(batch))
            if not len(rows):
                continue
            batch = batch.take(rows)
            minima = np.frombuffer(b"".join(batch["minima"].to_pylist()), np.uint8)
            self._minima[first + rows] = minima.reshape(len(rows), MINIMA)
            bands = keys_of(batch["bands"])
            records = np.empty(len(bands), _BAND)
            records["key"], records["row"] = bands, np.repeat(first + rows, len(bands) // len(rows))
            spill.add(bands >> np.uint64(64 - 8) & np.uint64(spill.buckets - 1), records)
        yield from map(spill.take, range(spill.buckets))

    def _join(self, records: NDArray[np.void]) -> None:
        """Join the similar rows among those that share a band."""
        records = records[np.argsort(records["key"], kind="stable")]
        starts = np.flatnonzero(np.diff(records["key"], prepend=~records["key"][:1]))
        sizes = np.diff(starts, append=len(records))
        for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
            rows = records["row"][start : start + size].astype(np.intp)
            minima = self._minima[rows]
            for at in range(1, size):
                before = max(0, at - _WINDOW)
                similar = estimated_similarity(minima[before:at], minima[at]) > SIMILARITY
                for other in rows[before:at][similar].tolist():
                    self._union(int(rows[at]), other)

    def _union(self, one: int, other: int) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        self._parents[high] = low

    def _root(self, row: int) -> int:
        parents = self._parents
        while (above := int(parents[row])) != row:
            parents[row] = parents[above]
            row = int(parents[row])
        return row

    def _name_groups(self) -> None:
        """Give every row of a group a hash of its smallest opening, which itself would be in the lowest split."""
        joined = np.flatnonzero(self._parents != np.arange(len(self._parents), dtype=np.uint64)).tolist()
        roots = {self._root(row) for row in joined}
        for row in joined:
            root = self._root(row)
            self._openings[root] = min(self._openings[root], self._openings[row])
        for root in roots:
            digest = hashlib.blake2b(int(self._openings[root]).to_bytes(8), digest_size=8).digest()
            self._openings[root] = int.from_bytes(digest)
        for row in joined:
            self._openings[row] = self._openings[self._root(row)]
