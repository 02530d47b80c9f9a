"""Pair the files of two glob patterns: * matches the same text on both sides."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from seqloom.errors import UserError

_SHOWN = 5  # names in a sentence
_STARS = re.compile(r"(\*\*/|\*+)")


class LocatedFile(Protocol):
    """A file with its location."""

    @property
    def location(self) -> str:
        """Location as in the recipe, with a pattern filled in."""


NamedFile = TypeVar("NamedFile", bound=LocatedFile)


def pair_shards(
    sources: Sequence[NamedFile], targets: Sequence[NamedFile], locations: Sequence[str], field: str
) -> list[NamedFile]:
    """Return the target files in the order of the source files they belong to.

    Sorting by name is not enough: part1_de comes after part10_de, and a missing shard would shift all after it.

    Raises:
        UserError: a file has no counterpart, or the patterns do not identify it.
    """
    if "*" not in "".join(locations):
        return list(targets)
    if locations[0].count("*") != locations[1].count("*"):
        if len(sources) == len(targets) == 1:
            return list(targets)
        counts = " and ".join(
            f"{location} ({len(files)} files)" for location, files in zip(locations, (sources, targets), strict=True)
        )
        raise UserError(
            f"{field}: {counts} do not pair up, for * does not stand for the same on both sides; give each source file "
            "one target file whose name differs only where both patterns do"
        )
    of_source, of_target = (
        {_filling(location, file.location): file for file in files}
        for location, files in zip(locations, (sources, targets), strict=True)
    )
    missing = [
        f"{location} lacks {_listed(theirs.keys() - ours.keys())}"
        for location, ours, theirs in ((locations[0], of_source, of_target), (locations[1], of_target, of_source))
        if theirs.keys() - ours.keys()
    ]
    if missing:
        raise UserError(
            f"{field}: {' and '.join(missing)}, which the other side has in place of *; give each source file its "
            "target file"
        )
    return [of_target[filling] for filling in of_source]


def _filling(pattern: str, name: str) -> tuple[str, ...]:
    """Return what each star of a pattern matches in a name."""
    scheme, colon, path = pattern.rpartition("://")
    parts = _STARS.split(scheme + colon + str(Path(path)))
    written = "".join(
        re.escape(part) if number % 2 == 0 else "((?:.*/)?)" if part == "**/" else "(.*)" if part == "**" else "([^/]*)"
        for number, part in enumerate(parts)
    )
    found = re.fullmatch(written, name, re.DOTALL)
    assert found, (pattern, name)
    return found.groups()


def _listed(fillings: set[tuple[str, ...]]) -> str:
    names = sorted(" ".join(filling) for filling in fillings)
    return ", ".join(map(repr, names[:_SHOWN])) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
