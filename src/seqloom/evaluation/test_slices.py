"""Slices of a test split by length, source, file and column: rows on which a model may be worse than on average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from seqloom.evaluation.length_buckets import rows_by_length

LENGTHS = 4  # slices by length, at most
VALUES = 20  # of a column, each a slice; the others are one together
COLUMN_PREFIX = "slice:"  # of a named column in tables of test rows, which have other columns, too


@dataclass(frozen=True)
class Slice:
    """Rows with a property in common."""

    name: str
    rows: list[int]
    by: Literal["length", "source", "file", "label", "turns", "place", "word", "unknown", "column", "old"]


def slices_of(
    sources: Sequence[str], origins: Sequence[str] | None, source_names: Sequence[str] | None = None
) -> list[Slice]:
    """Return slices by source length, by source of the corpus, and by corpus file if there are several."""
    slices = []
    for rows in rows_by_length(sources, LENGTHS):
        lengths = [len(sources[row]) for row in rows]
        slices.append(Slice(f"{min(lengths)} to {max(lengths)} characters", rows, "length"))
    by_name = {name: rows for name, rows in _grouped(source_names or ()).items() if name}
    slices += [Slice(f"source {name}", rows, "source") for name, rows in by_name.items()]
    by_origin = _grouped(origins or ())
    if len(by_origin) > 1 and sorted(by_origin.values()) != sorted(by_name.values()):
        names = _short_names(list(by_origin))
        slices += [Slice(f"from {names[origin]}", rows, "file") for origin, rows in sorted(by_origin.items())]
    return slices


def column_slices(columns: Mapping[str, Sequence[str]]) -> list[Slice]:
    """Return a slice for each of the commonest values of each column, and one of its other values."""
    slices = []
    for name, values in columns.items():
        groups = _grouped(values)
        by_rows = sorted(groups, key=lambda value: (-len(groups[value]), value))
        kept = by_rows if len(by_rows) <= VALUES + 1 else by_rows[:VALUES]
        slices += [Slice(f"{name} = {value or '(empty)'}", groups[value], "column") for value in kept]
        if others := by_rows[len(kept) :]:
            rows = sorted(row for value in others for row in groups[value])
            slices.append(Slice(f"{name}: {len(others):,} other values", rows, "column"))
    return slices


def _grouped(values: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows with each value."""
    groups: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        groups.setdefault(value, []).append(row)
    return groups


def _short_names(paths: list[str]) -> dict[str, str]:
    """Return the shortest endings of the paths, with equally many folders, that differ from each other."""
    for parts in range(1, max(len(PurePath(path).parts) for path in paths)):
        names = {path: PurePath(*PurePath(path).parts[-parts:]).as_posix() for path in paths}
        if len(set(names.values())) == len(paths):
            return names
    return {path: path for path in paths}
