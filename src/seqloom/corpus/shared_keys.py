"""Rows that share a key with another row, found by hash partition: only they have to be compared.

A row whose keys no other row has is kept whatever the others are. Keys are spilled to the disk by their highest bits,
each bucket is sorted in memory, and the keys that occur several times are spilled again, by row. Of parts on which is
decided already, only the keys count that the others may have too.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.part_files import Part, keys_of
from seqloom.corpus.row_spill import BUCKETS, Spill, bucket_count


class Key(IntEnum):
    """Kinds of keys; the keys of single sides follow, in the order of the limits on them."""

    OPENING = 0
    EXCHANGE = 1  # of the dialogue
    OWN_EXCHANGE = 2  # of the row
    PAIR = 3
    BAND = 4
    SIDE = 5


_KEYED = np.dtype([("key", "u8"), ("row", "u8"), ("kind", "u1")])
_SHARED = np.dtype([("row", "u8"), ("number", "u4"), ("kind", "u1")])
_LOW = np.uint64((1 << 22) - 1)  # bits of a key that tell well enough which may be shared
_HELD_OUT = (Key.OPENING, Key.EXCHANGE)  # such a key matters only if held-out files have it

Found = tuple[int, NDArray[np.uint64], NDArray[np.intp]]
"""Kind, keys, and the row in the part of each."""


class SharedKeys:
    """The keys that several rows have, as numbers from 0 for each kind."""

    def __init__(self, parts: Sequence[Part], sides: int, folder: Path, settled: int = 0) -> None:
        """Take the parts in order, the number of keys of sides, a folder for the spills, and how many are settled."""
        self._parts, self._sides, self._settled = parts, sides, settled
        self._firsts = np.array([0, *accumulate(part.rows for part in parts)], np.uint64)  # row of each part
        self._held_out = sum(part.rows for part in parts if part.given_for != "train")  # they come first
        self._together = max(1, -(-len(parts) // BUCKETS))  # parts whose rows are in one bucket
        self._shared = Spill(folder / "shared", _SHARED, -(-len(parts) // self._together))
        self.counts = {kind: self._share(kind, spill) for kind, spill in self._spill_keys(folder).items()}

    def of_parts(self) -> Iterator[tuple[Part, NDArray[np.void]]]:
        """Yield each part in order, with the shared keys of its rows in order, counted from 0 in the part."""
        for begin in range(0, len(self._parts), self._together):
            records = self._shared.take(begin // self._together)
            records = records[np.lexsort((records["number"], records["kind"], records["row"]))]
            for at in range(begin, min(begin + self._together, len(self._parts))):
                first, last = np.searchsorted(records["row"], self._firsts[at : at + 2])
                found = records[first:last].copy()
                found["row"] -= self._firsts[at]
                yield self._parts[at], found

    def _spill_keys(self, folder: Path) -> dict[int, Spill]:
        held_out = [Key.OPENING, Key.EXCHANGE] if self._held_out else []
        kinds = [*held_out, Key.PAIR, Key.BAND, *range(Key.SIDE, Key.SIDE + self._sides)]
        spills = {kind: Spill(folder / f"keys{kind}", _KEYED, bucket_count(int(self._firsts[-1]))) for kind in kinds}
        asked = self._asked() if self._settled else None
        for number, (first, part) in enumerate(zip(self._firsts, self._parts, strict=False)):
            for kind, keys, rows in _keys(part, self._sides, bool(self._held_out)):
                if asked and number < self._settled:
                    chosen = asked[_same(kind)][keys & _LOW]
                    keys, rows = keys[chosen], rows[chosen]
                spill = spills[_same(kind)]
                records = np.empty(len(keys), _KEYED)
                records["key"], records["row"], records["kind"] = keys, first + rows.astype(np.uint64), kind
                spill.add(keys >> np.uint64(64 - 8) & np.uint64(spill.buckets - 1), records)
        return spills

    def _asked(self) -> dict[int, NDArray[np.bool_]]:
        """Return by kind which low bits the keys of the parts have that are not settled."""
        asked: dict[int, NDArray[np.bool_]] = defaultdict(lambda: np.zeros(int(_LOW) + 1, bool))
        for part in self._parts[self._settled :]:
            for kind, keys, _ in _keys(part, self._sides, bool(self._held_out)):
                asked[_same(kind)][keys & _LOW] = True
        return asked

    def _share(self, kind: int, spill: Spill) -> int:
        """Spill the rows of keys that occur several times, by part, and return the number of these keys."""
        counted = 0
        for bucket in range(spill.buckets):
            records = spill.take(bucket)
            records = records[np.argsort(records["key"], kind="stable")]
            starts = np.flatnonzero(np.diff(records["key"], prepend=~records["key"][:1]))
            sizes = np.diff(starts, append=len(records))
            wanted = sizes > 1
            if kind in _HELD_OUT:
                wanted &= records["row"][starts] < self._held_out
            numbers = np.repeat(counted + np.cumsum(wanted) - 1, sizes)
            self._spill_shared(records[chosen := np.repeat(wanted, sizes)], numbers[chosen])
            counted += int(wanted.sum())
        return counted

    def _spill_shared(self, records: NDArray[np.void], numbers: NDArray[np.intp]) -> None:
        shared = np.empty(len(records), _SHARED)
        shared["row"], shared["number"], shared["kind"] = records["row"], numbers, records["kind"]
        parts = np.searchsorted(self._firsts, records["row"], "right") - 1
        self._shared.add(parts // self._together, shared)


def _same(kind: int) -> int:
    """Return the kind of the keys that a kind is compared with."""
    return Key.EXCHANGE if kind == Key.OWN_EXCHANGE else kind


def _keys(part: Part, sides: int, held_out: bool) -> Iterator[Found]:
    """Yield the keys of the candidates of a part, by kind."""
    batch = part.read("reason", "pair", "sides", "bands", *(("opening", "own", "exchanges") if held_out else ()))
    rows = np.flatnonzero(part.candidates(batch))
    batch = batch.take(rows)
    pairs = keys_of(batch["pair"])
    yield Key.PAIR, pairs, rows
    of_sides = keys_of(batch["sides"]).reshape(-1, max(1, sides))
    for at in range(sides):
        yield Key.SIDE + at, of_sides[:, at], rows
    bands = keys_of(batch["bands"])
    yield Key.BAND, bands, np.repeat(rows, len(bands) // max(1, len(rows)))
    if held_out:
        yield Key.OPENING, keys_of(batch["opening"]), rows
        own = batch["own"].to_numpy(zero_copy_only=False)
        yield Key.OWN_EXCHANGE, pairs[own], rows[own]
        exchanges = batch["exchanges"]
        lengths = np.array([len(value) // 8 for value in exchanges.to_pylist()], np.intp)
        yield Key.EXCHANGE, keys_of(exchanges), np.repeat(rows, lengths)
