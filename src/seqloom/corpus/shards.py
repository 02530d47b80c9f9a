"""Two patterns to pairs of files: what * stands for is the same on both sides."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from seqloom.errors import UserError

_SHOWN = 5  # names in a sentence
_STARS = re.compile(r"(\*\*/|\*+)")


class ShardPattern(Protocol):
    """A file with the name it goes by."""

    @property
    def place(self) -> str:
        """As the recipe names it, a pattern filled in."""


NamedFile = TypeVar("NamedFile", bound=ShardPattern)


def in_step(
    sources: Sequence[NamedFile], targets: Sequence[NamedFile], places: Sequence[str], field: str
) -> list[NamedFile]:
    """The files of the target in the order of those of the source they belong to.

    Sorted names do not tell: part1_de stands behind part10_de, and a shard that is missing on either side would put all
    behind it out of step.

    Raises:
        UserError: a file has no counterpart, or the patterns do not tell which it is.
    """
    if "*" not in "".join(places):
        return list(targets)
    if places[0].count("*") != places[1].count("*"):
        if len(sources) == len(targets) == 1:
            return list(targets)
        counts = " and ".join(
            f"{place} ({len(files)} files)" for place, files in zip(places, (sources, targets), strict=True)
        )
        raise UserError(
            f"{field}: {counts} do not pair up, for * does not stand for the same on both sides; give each source file "
            "one target file whose name differs only where both patterns do"
        )
    of_source, of_target = (
        {_filling(place, file.place): file for file in files}
        for place, files in zip(places, (sources, targets), strict=True)
    )
    lacking = [
        f"{place} lacks {_listed(theirs.keys() - ours.keys())}"
        for place, ours, theirs in ((places[0], of_source, of_target), (places[1], of_target, of_source))
        if theirs.keys() - ours.keys()
    ]
    if lacking:
        raise UserError(
            f"{field}: {' and '.join(lacking)}, which the other side has in place of *; give each source file its "
            "target file"
        )
    return [of_target[filling] for filling in of_source]


def _filling(pattern: str, name: str) -> tuple[str, ...]:
    """What the stars of a pattern stand for in a name that it matches."""
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
