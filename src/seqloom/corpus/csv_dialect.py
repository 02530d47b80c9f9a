"""How a CSV file is written: found from its first rows, where the recipe does not say."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

AUTO = "auto"
SAMPLE = 1000  # lines
FIELD_LIMIT = 1 << 23  # characters of a field: one that is longer is a quotation mark that was never closed
DELIMITERS = (",", ";", "\t", "|")
_EXCEL = re.compile(r'"?sep=(.)"?\s*')


@dataclass(frozen=True)
class Dialect:
    """What stands between two fields, and how a quotation mark is written within quotes."""

    delimiter: str = ","
    backslash: bool = False  # \" is a quotation mark, as MySQL and Spark write it; else "" is
    spaced: bool = False  # a space stands behind each delimiter, before the quotation mark

    def rows(self, lines: Iterable[str]) -> Any:
        """A reader of the standard library, which is of no type that can be named."""
        csv.field_size_limit(FIELD_LIMIT)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            escapechar="\\" if self.backslash else None,
            skipinitialspace=self.spaced,
            strict=True,
        )

    def leaves_open(self, line: str, inside: bool) -> bool:
        """Whether the end of a line is inside quotes, if its beginning is or is not, of text that is not well formed.

        A quotation mark opens behind a delimiter alone, and closes before one or the end of the line.
        """
        place = 0
        while place < len(line):
            before, letter, after = line[place - 1 : place], line[place], line[place + 1 : place + 2]
            if (self.backslash and letter == "\\") or (letter == '"' and inside and after == '"'):
                place += 1
            elif letter == '"' and inside:
                inside = after not in ("", self.delimiter)
            elif letter == '"':
                inside = before in ("", self.delimiter) or (self.spaced and before == " ")
            place += 1
        return inside


def delimiter_of_excel(line: str) -> str:
    """The delimiter that a first line such as `sep=;` tells, which is no row; else nothing."""
    found = _EXCEL.fullmatch(line)
    return found[1] if found else ""


def found_dialect(sample: Sequence[str], whole: bool, wanted: Sequence[str], delimiter: str, escape: str) -> Dialect:
    """The dialect that the first lines of a file are written in; `whole` says that there are no more.

    It is the one in which most of the `wanted` columns (of a file without a header: their numbers) are there and the
    fewest rows are malformed; of equals, the plainest.
    """
    delimiters = DELIMITERS if delimiter == AUTO else (delimiter,)
    escapes = (False, True) if escape == AUTO else (escape == "backslash",)
    tried = [Dialect(*choice) for choice in product(delimiters, escapes, (False, True))]
    best = tried[0]
    least: tuple[int, ...] = (len(wanted) + 1,)
    for dialect in tried:
        faults = _faults(dialect, sample, whole, wanted)
        if faults < least:
            best, least = dialect, faults
        if not any(faults[:2]):
            break
    return best


def _faults(dialect: Dialect, sample: Sequence[str], whole: bool, wanted: Sequence[str]) -> tuple[int, ...]:
    """Columns that are not there, and rows that are malformed; where columns lack, few columns count against it."""
    rows, malformed = _parsed(dialect, sample, whole)
    if not rows:
        return len(wanted), malformed, 0
    names, width = [name.strip() for name in rows[0]], len(rows[0])
    numbers = [str(number + 1) for number in range(width)]
    lacking = min(sum(column not in found for column in wanted) for found in (names, numbers))
    malformed += sum(len(row) != width for row in rows)
    malformed += sum(field.startswith(' "') for row in rows for field in row)  # its quotation marks were not seen
    return lacking, malformed, -width if lacking else 0


def _parsed(dialect: Dialect, sample: Sequence[str], whole: bool) -> tuple[list[list[str]], int]:
    """The rows of a sample, but for one that it cuts off, and how many are malformed."""
    rows: list[list[str]] = []
    malformed = 0
    for fields in _attempts(dialect, sample, whole):
        if fields is None:
            malformed += 1
        elif fields:
            rows.append(fields)
    return rows, malformed


def _attempts(dialect: Dialect, sample: Sequence[str], whole: bool) -> Iterator[list[str] | None]:
    reader = dialect.rows(iter(sample))
    while True:
        try:
            fields = next(reader, None)
        except csv.Error:
            if whole or reader.line_num < len(sample):
                yield None
            continue
        if fields is None:
            return
        yield fields
