"""CSV dialect: delimiter and escape, detected from the first lines where the recipe leaves them open."""

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
    """Delimiter and escape of a CSV file."""

    delimiter: str = ","
    backslash: bool = False  # \" is a quotation mark, as MySQL and Spark write it; else "" is
    spaced: bool = False  # a space between delimiter and quotation mark

    def rows(self, lines: Iterable[str]) -> Any:
        """Return a `csv.reader`, whose type the standard library does not export."""
        csv.field_size_limit(FIELD_LIMIT)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            escapechar="\\" if self.backslash else None,
            skipinitialspace=self.spaced,
            strict=True,
        )

    def leaves_open(self, line: str, inside: bool) -> bool:
        """Return whether the end of a malformed line is inside quotes, given whether its beginning is.

        A quotation mark opens only after a delimiter, and closes only before one or at the end of the line.
        """
        position = 0
        while position < len(line):
            before, letter, after = line[position - 1 : position], line[position], line[position + 1 : position + 2]
            if (self.backslash and letter == "\\") or (letter == '"' and inside and after == '"'):
                position += 1
            elif letter == '"' and inside:
                inside = after not in ("", self.delimiter)
            elif letter == '"':
                inside = before in ("", self.delimiter) or (self.spaced and before == " ")
            position += 1
        return inside


def delimiter_of_excel(line: str) -> str:
    """Return the delimiter of a first line such as `sep=;`, or an empty string."""
    found = _EXCEL.fullmatch(line)
    return found[1] if found else ""


def detect_dialect(sample: Sequence[str], whole: bool, wanted: Sequence[str], delimiter: str, escape: str) -> Dialect:
    """Detect the dialect of a file from its first lines; `whole` says that there are no more.

    It is the one with the most `wanted` columns (numbers, in a file without a header), then the fewest malformed rows;
    among equals, the plainest.
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
    """Count missing columns and malformed rows; where columns are missing, wider rows are better."""
    rows, malformed = _parsed(dialect, sample, whole)
    if not rows:
        return len(wanted), malformed, 0
    names, width = [name.strip() for name in rows[0]], len(rows[0])
    numbers = [str(number + 1) for number in range(width)]
    missing = min(sum(column not in found for column in wanted) for found in (names, numbers))
    malformed += sum(len(row) != width for row in rows)
    if any(f'{dialect.delimiter} "' in line or line.startswith(' "') for line in sample):
        malformed += sum(field.startswith(' "') for row in rows for field in row)  # its quotation marks were not seen
    return missing, malformed, -width if missing else 0


def _parsed(dialect: Dialect, sample: Sequence[str], whole: bool) -> tuple[list[list[str]], int]:
    """Return the rows of a sample, without one that is cut off, and the number of malformed ones."""
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
