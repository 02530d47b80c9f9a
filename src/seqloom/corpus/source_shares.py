"""Splits of a corpus whose sources hold out shares of their own.

A text that several sources have must not be in two splits: the first of them, in the order of the recipe, says by which
shares it is split. So a source that is added, or grows, at the end moves no row of those before it, and what becomes of
a row depends on the rows before it alone.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.part_files import Part, keys_of
from seqloom.corpus.row_spill import BUCKETS, Spill
from seqloom.corpus.splits import Shares

Openings = Callable[[Part], NDArray[np.uint64]]
"""The key of each row of a part, by which it is split."""

_RECORD = np.dtype([("key", "u8"), ("shares", "u2")])
"""The key of a text, and the number of the shares of a source that has it."""


class SourceShares:
    """Shares of each source, and the first source of each text that sources of other shares have, too."""

    def __init__(
        self, shares: Mapping[str, Shares], parts: Sequence[Part], folder: Path, openings_of: Openings | None = None
    ) -> None:
        """Take the shares by source, the parts in order, a folder for files, and the keys where they are others."""
        self._distinct = list(dict.fromkeys(shares.values()))
        self._number_of = {name: self._distinct.index(of) for name, of in shares.items()}
        self._files = folder / "shared-keys.bin", folder / "first-shares.bin"
        if len(self._distinct) > 1:
            self._write_first(parts, folder, openings_of or _openings_of)

    def masks(self, openings: NDArray[np.uint64], given_for: str, source_name: str) -> dict[str, NDArray[np.bool_]]:
        """Return by split which of the kept rows of a source are in it, by the keys `(N,)` of their openings."""
        if given_for != "train" or len(self._distinct) == 1:
            return self._distinct[0].masks(openings, given_for)
        first = self._first(openings, self._number_of[source_name])
        masks = [of.masks(openings, given_for) for of in self._distinct]
        return {
            split: np.any([mask[split] & (first == number) for number, mask in enumerate(masks)], axis=0)
            for split in masks[0]
        }

    def _first(self, openings: NDArray[np.uint64], of_source: int) -> NDArray[np.intp]:
        """Return by key the number of its first source's shares: `of_source` where no others are in question."""
        numbers = np.full(len(openings), of_source)
        if not self._files[0].stat().st_size:  # of which numpy makes no map
            return numbers
        keys, first = (np.memmap(file, _RECORD[at], "r") for at, file in enumerate(self._files))
        places = np.minimum(np.searchsorted(keys, openings), len(keys) - 1)
        found = keys[places] == openings
        numbers[found] = first[places[found]]
        return numbers

    def _write_first(self, parts: Sequence[Part], folder: Path, openings_of: Openings) -> None:
        """Write the keys that sources of several shares have, in order, with the first of these shares."""
        spill = Spill(folder / "shares", _RECORD, BUCKETS)  # by the highest bits: one after the other they are in order
        for part in parts:
            if part.given_for == "train":
                keys = openings_of(part)[part.candidates(part.read("reason"))]
                keys = keys[self._is_contested(keys)]
                records = np.empty(len(keys), _RECORD)
                records["key"], records["shares"] = keys, self._number_of[part.source_name]
                spill.add(keys >> np.uint64(64 - 8), records)
        keys_file, first_file = self._files
        with keys_file.open("wb") as of_keys, first_file.open("wb") as of_first:
            for bucket in range(spill.buckets):
                shared = _first_of_several(spill.take(bucket))
                of_keys.write(shared["key"].tobytes())
                of_first.write(shared["shares"].tobytes())

    def _is_contested(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return of which keys the shares decide: the others are in one split by all of them."""
        masks = [of.masks(keys, "train") for of in self._distinct]
        contested: NDArray[np.bool_] = np.any(
            [mask[split] != masks[0][split] for mask in masks[1:] for split in masks[0]], axis=0
        )
        return contested


def _openings_of(part: Part) -> NDArray[np.uint64]:
    return keys_of(part.read("opening")["opening"])


def _first_of_several(records: NDArray[np.void]) -> NDArray[np.void]:
    """Return the first record of each key that has records of several shares, by key."""
    if not len(records):
        return records
    records = records[np.argsort(records["key"], kind="stable")]
    starts = np.flatnonzero(np.diff(records["key"], prepend=~records["key"][:1]))
    numbers = records["shares"]
    several = np.minimum.reduceat(numbers, starts) != np.maximum.reduceat(numbers, starts)
    first: NDArray[np.void] = records[starts[several]]
    return first
