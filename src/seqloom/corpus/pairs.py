"""Records that readers yield: a raw pair of texts, or a row that cannot be read."""

import re
from typing import NamedTuple

UNDECODABLE = "undecodable bytes"
OTHER_FIELDS = "other number of fields"
MALFORMED = "malformed row"
NO_KEY = "missing key"
NOT_TEXT = "not a text"
NO_LABEL = "no label"
UNTRANSLATED = "untranslated"
NOT_FINISHED = "fuzzy"  # or another state that asks for review
EMPTY_SOURCE = "empty source"
EMPTY_TARGET = "empty target"
TOO_LONG = "too long"
EXCLUDED = "excluded"  # by corpus.exclude; its text is not kept


_QUOTED = 40  # characters of a text in a sentence
_CUT = re.compile(r"[\W\d]*\S*$")


def excerpt(text: str) -> str:
    """Return the beginning of a text, which cuts no address or number in two: half of one is not known for one."""
    return text if len(text) <= _QUOTED else _CUT.sub("", text[:_QUOTED]) + " …"


class SplitGroup(NamedTuple):
    """Identity of a dialogue, by which near-duplicates are kept in one split."""

    opening: str  # its first turns, which decide the split of the whole dialogue
    dedup_keys: frozenset[str]  # of its pairs


class RawPair(NamedTuple):
    """Source and target as they are in the file, and their position."""

    source: str
    target: str
    line: int  # the first line of the pair, from 1; in an MO or Parquet file, which has no lines, the number of the row
    dedup_key: str = ""  # pairs with equal keys are duplicates; by default source and target
    group: SplitGroup | None = None  # the dialogue that it is from
    flaw: str = ""  # reason for rejection that the reader knows already


class Unreadable(NamedTuple):
    """A row that violates its format; the rows around it are read."""

    reason: str  # one of the constants above, by which such rows are counted
    problem: str  # explanation and remedy
    location: str  # the file
    line: int
    text: str  # its content, as far as it can be decoded


class RowError(Exception):
    """A row that cannot be used; readers turn it into an `Unreadable`."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason, self.problem = reason, problem
