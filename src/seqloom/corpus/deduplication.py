"""Deduplication of a corpus: which candidates are kept, and why the others are not.

They are decided in the order of the rows, as by one process that remembers all it has kept; but only rows that share a
key with another are looked at, so what is remembered is a byte for each such key, and sketches of rows alike.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.duplicate_filters import DuplicateFilters
from seqloom.corpus.near_duplicates import NearDuplicates, Sketch
from seqloom.corpus.part_files import Part, keys_of
from seqloom.corpus.shared_keys import Key, SharedKeys

DUPLICATE = "duplicate"
ALSO_IN_TEST = "also in test"
ALSO_IN_VALIDATION = "also in validation"
SHARED = 0.25  # of a dialogue's exchanges that a held-out split may contain by chance

_KEPT, _IN_TEST, _IN_VALIDATION, _DUPLICATE, _FIRST_FILTER = range(5)
_BITS = {"test": 1, "validation": 2}
Keys = dict[int, list[int]]
"""Shared keys of a row, by kind."""


class Verdicts:
    """Decides on one part after the other."""

    def __init__(self, filters: DuplicateFilters, shared: SharedKeys) -> None:
        """Take the filters that compare pairs, and the keys that pairs share."""
        self._shared = shared
        self._limits = {Key.SIDE + number: limit.most for number, limit in enumerate(filters.limits)}
        self._near = NearDuplicates(filters.similarity) if filters.near else None
        limits = (limit.filter for limit in filters.limits)
        self.reasons = ("", ALSO_IN_TEST, ALSO_IN_VALIDATION, DUPLICATE, *limits, filters.near)
        self._known = {kind: np.zeros(count, np.uint8) for kind, count in shared.counts.items()}

    def of_parts(self, settled: Iterable[NDArray[np.uint8]] = ()) -> Iterator[tuple[Part, NDArray[np.uint8]]]:
        """Yield each part with the index of the reason of each row in `reasons`; 0 of a candidate that is kept.

        The first parts are those of the verdicts that are `settled`, and are not yielded.
        """
        for (part, records), known in zip_longest(self._shared.of_parts(), settled):
            if known is None:
                yield part, self._decide(part, records)
            else:
                self._remember(part, records, known)

    def _remember(self, part: Part, records: NDArray[np.void], verdicts: NDArray[np.uint8]) -> None:
        for _, keys, sketch in self._rows(part, records[verdicts[records["row"]] == _KEPT]):
            self._keep(part.given_for, keys, sketch)

    def _decide(self, part: Part, records: NDArray[np.void]) -> NDArray[np.uint8]:
        verdicts = np.zeros(part.rows, np.uint8)
        dialogues = _Dialogues(part) if Key.EXCHANGE in records["kind"] else None
        for row, keys, sketch in self._rows(part, records):
            if verdicts[row]:  # its dialogue is held out
                continue
            exchanges = dialogues.exchanges(row) if dialogues else 0
            held_out = self._held_out(part.given_for, keys, exchanges)
            if held_out and dialogues:
                verdicts[dialogues.rows_with(row)] = held_out
            verdicts[row] = held_out or self._compared(part.given_for, keys, sketch)
            if not verdicts[row]:
                self._keep(part.given_for, keys, sketch)
        return verdicts

    def _rows(self, part: Part, records: NDArray[np.void]) -> Iterator[tuple[int, Keys, Sketch | None]]:
        """Yield each row that shares keys, with these, and with its sketch where it shares a band."""
        sketches = _Sketches(part) if self._near and Key.BAND in records["kind"] else None
        for row, group in groupby(records.tolist(), key=itemgetter(0)):
            keys: Keys = {}
            for _, number, kind in group:
                keys.setdefault(kind, []).append(number)
            yield row, keys, sketches.of(row) if sketches and Key.BAND in keys else None

    def _held_out(self, given_for: str, keys: Keys, exchanges: int) -> int:
        """Return why a pair may not be in its split: a held-out one has its source, or much of its dialogue."""
        for split, verdict in (("test", _IN_TEST), ("validation", _IN_VALIDATION)):
            openings, shared = (
                sum(bool(self._known[kind][number] & _BITS[split]) for number in keys.get(kind, ()))
                for kind in (Key.OPENING, Key.EXCHANGE)
            )
            if given_for != split and (openings or shared > SHARED * exchanges):
                return verdict
        return _KEPT

    def _compared(self, given_for: str, keys: Keys, sketch: Sketch | None) -> int:
        """Return which kept pair forbids a pair: an equal one, or for training one that a filter finds too similar."""
        if any(self._known[Key.PAIR][number] for number in keys.get(Key.PAIR, ())):
            return _DUPLICATE
        if given_for != "train":
            return _KEPT
        for verdict, (kind, most) in enumerate(self._limits.items(), start=_FIRST_FILTER):
            if any(self._known[kind][number] >= most for number in keys.get(kind, ())):
                return verdict
        if self._near and sketch and self._near.is_too_similar(sketch):
            return _FIRST_FILTER + len(self._limits)
        return _KEPT

    def _keep(self, given_for: str, keys: Keys, sketch: Sketch | None) -> None:
        self._known[Key.PAIR][keys.get(Key.PAIR, [])] = 1
        for kind, most in self._limits.items() if given_for == "train" else ():
            for number in keys.get(kind, ()):
                self._known[kind][number] = min(most, self._known[kind][number] + 1)
        if self._near and sketch:
            self._near.add(sketch)
        if given_for != "train":
            self._known[Key.OPENING][keys.get(Key.OPENING, [])] |= _BITS[given_for]
            self._known[Key.EXCHANGE][keys.get(Key.OWN_EXCHANGE, [])] |= _BITS[given_for]


class _Dialogues:
    """Dialogues of a part."""

    def __init__(self, part: Part) -> None:
        batch = part.read("dialogue", "exchanges")
        self._numbers = batch["dialogue"].to_numpy()
        self._exchanges = batch["exchanges"]

    def exchanges(self, row: int) -> int:
        """Return the number of exchanges of the dialogue that begins with a row; 0 of another row."""
        return len(self._exchanges[row].as_py()) // 8

    def rows_with(self, row: int) -> NDArray[np.bool_]:
        """Return which rows are of the same dialogue."""
        number = self._numbers[row]
        return cast("NDArray[np.bool_]", (self._numbers == number) & (number >= 0))


class _Sketches:
    """Sketches of a part."""

    def __init__(self, part: Part) -> None:
        batch = part.read("minima", "bands")
        self._minima, self._bands = batch["minima"], batch["bands"]

    def of(self, row: int) -> Sketch:
        """Return the sketch of a candidate."""
        return Sketch(np.frombuffer(self._minima[row].as_py(), np.uint8), keys_of(self._bands.slice(row, 1)))
