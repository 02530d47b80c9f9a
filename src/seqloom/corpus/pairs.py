"""A pair of texts as it stands in a file."""

from typing import NamedTuple


class Kin(NamedTuple):
    """What two dialogues that are nearly the same have in common."""

    opening: str  # how it begins, which decides the split of all of it
    cores: frozenset[str]  # of its rows


class RawPair(NamedTuple):
    """Source and target, untouched, and where they were found."""

    source: str
    target: str
    line: int  # the first line of the pair, from 1; in an MO file, which has no lines, the number of the entry
    core: str = ""  # what no two rows may have in common; else source and target
    kin: Kin | None = None  # what tells of the dialogue that it is from
    flaw: str = ""  # why there is nothing to learn from it, where the reader knows that already
