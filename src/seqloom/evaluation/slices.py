"""Parts of a test split in which a model may be bad though it is good on the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from seqloom.evaluation.length_buckets import rows_by_length

LENGTHS = 4  # slices by length at most


@dataclass(frozen=True)
class Slice:
    """Some rows that have something in common."""

    name: str
    rows: list[int]
    by: Literal["length", "file", "label", "turns", "place"]


def slices_of(sources: Sequence[str], origins: Sequence[str] | None) -> list[Slice]:
    """The rows by length of the source, and by the corpus file they come from where there are several."""
    slices = []
    for rows in rows_by_length(sources, LENGTHS):
        lengths = [len(sources[row]) for row in rows]
        slices.append(Slice(f"{min(lengths)} to {max(lengths)} characters", rows, "length"))
    by_origin: dict[str, list[int]] = {}
    for row, origin in enumerate(origins or []):
        by_origin.setdefault(origin, []).append(row)
    if len(by_origin) > 1:
        names = _names(list(by_origin))
        slices += [Slice(f"from {names[origin]}", rows, "file") for origin, rows in sorted(by_origin.items())]
    return slices


def _names(places: list[str]) -> dict[str, str]:
    """File names, each with as many folders before it as tell all apart."""
    for parts in range(1, max(len(PurePath(place).parts) for place in places)):
        names = {place: PurePath(*PurePath(place).parts[-parts:]).as_posix() for place in places}
        if len(set(names.values())) == len(places):
            return names
    return {place: place for place in places}
