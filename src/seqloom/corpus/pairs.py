"""A pair of texts as it stands in a file."""

from typing import NamedTuple


class RawPair(NamedTuple):
    """Source and target, untouched, and where they were found."""

    source: str
    target: str
    line: int  # the first line of the pair, from 1; in an MO file, which has no lines, the number of the entry
    opening: str = ""  # how its dialogue begins, which decides the split of all of it; else the source does
    core: str = ""  # what no two rows may have in common; else source and target
    flaw: str = ""  # why there is nothing to learn from it, where the reader knows that already
