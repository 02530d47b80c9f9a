"""Slices of a test split by length and origin, to find rows on which a model is worse than on average."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from seqloom.evaluation.length_buckets import rows_by_length

LENGTHS = 4  # slices by length, at most


@dataclass(frozen=True)
class Slice:
    """Rows with a property in common."""

    name: str
    rows: list[int]
    by: Literal["length", "file", "label", "turns", "place"]


def slices_of(sources: Sequence[str], origins: Sequence[str] | None) -> list[Slice]:
    """Return slices by source length, and by corpus file if there are several."""
    slices = []
    for rows in rows_by_length(sources, LENGTHS):
        lengths = [len(sources[row]) for row in rows]
        slices.append(Slice(f"{min(lengths)} to {max(lengths)} characters", rows, "length"))
    by_origin: dict[str, list[int]] = {}
    for row, origin in enumerate(origins or []):
        by_origin.setdefault(origin, []).append(row)
    if len(by_origin) > 1:
        names = _short_names(list(by_origin))
        slices += [Slice(f"from {names[origin]}", rows, "file") for origin, rows in sorted(by_origin.items())]
    return slices


def _short_names(paths: list[str]) -> dict[str, str]:
    """Return the shortest endings of the paths, with equally many folders, that differ from each other."""
    for parts in range(1, max(len(PurePath(path).parts) for path in paths)):
        names = {path: PurePath(*PurePath(path).parts[-parts:]).as_posix() for path in paths}
        if len(set(names.values())) == len(paths):
            return names
    return {path: path for path in paths}
