"""What readers yield: a pair of texts as it stands in a file, or a row that cannot be read."""

from typing import NamedTuple

UNDECODABLE = "undecodable bytes"
OTHER_FIELDS = "other number of fields"
MALFORMED = "malformed row"
NO_KEY = "missing key"
NOT_TEXT = "not a text"
NO_LABEL = "no label"


class SplitGroup(NamedTuple):
    """What two dialogues that are nearly the same have in common."""

    opening: str  # how it begins, which decides the split of all of it
    cores: frozenset[str]  # of its rows


class RawPair(NamedTuple):
    """Source and target, untouched, and where they were found."""

    source: str
    target: str
    line: int  # the first line of the pair, from 1; in an MO or Parquet file, which has no lines, the number of the row
    core: str = ""  # what no two rows may have in common; else source and target
    kin: SplitGroup | None = None  # what tells of the dialogue that it is from
    flaw: str = ""  # why there is nothing to learn from it, where the reader knows that already


class Unreadable(NamedTuple):
    """A row that is not what its format promises; the rows around it are read."""

    reason: str  # one of a few, by which such rows are counted
    problem: str  # what is wrong with this one, and the remedy
    place: str  # the file
    line: int
    text: str  # what stands there, as far as it can be told


class Unusable(Exception):
    """What is wrong with a row, from where it is found to the reader that makes it an `Unreadable`."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason, self.problem = reason, problem
