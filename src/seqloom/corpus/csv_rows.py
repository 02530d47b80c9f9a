"""Rows of TSV and CSV; a malformed row is reported, and reading resumes where rows reliably begin again."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Self

from seqloom.corpus.csv_dialect import AUTO, SAMPLE, Dialect, delimiter_of_excel, detect_dialect
from seqloom.corpus.file_io import Line, without_end
from seqloom.corpus.pairs import MALFORMED, UNDECODABLE
from seqloom.errors import UserError

_SURE = 3  # consecutive good rows after which reading resumes
_PATIENCE = 1000  # lines to search for them
_PEEK = 200  # lines that may hold three rows
_SHOWN = 500  # characters of a malformed row


class CsvRow(NamedTuple):
    """A row of a table, and why it cannot be read, if so."""

    line: int  # first line, from 1
    fields: list[str]
    reason: str = ""  # why it cannot be read
    problem: str = ""  # explanation of the reason


def tsv_rows(lines: Iterable[Line], delimiter: str = "\t") -> Iterator[CsvRow]:
    """Yield rows of tab-separated text, where quotation marks are plain characters; blank lines are skipped."""
    for number, line, problem in lines:
        text = without_end(line)
        if text:
            yield CsvRow(number, text.split(delimiter), UNDECODABLE if problem else "", problem)


def csv_rows(
    lines: Iterator[Line], location: str, wanted: Sequence[str], delimiter: str = AUTO, escape: str = AUTO
) -> Iterator[CsvRow]:
    """Yield rows of comma-separated text, the header first; quoted fields may span lines.

    Delimiter and escape are detected from the first lines where they are auto, such that the `wanted` columns exist.

    Raises:
        UserError: the first row is malformed, or no row reliably begins after a malformed one.
    """
    reader = _RowReader(lines)
    yield from _rows_in(reader, _dialect(reader, wanted, delimiter, escape), location)


def file_dialect(lines: Iterator[Line], wanted: Sequence[str], delimiter: str, escape: str) -> Dialect:
    """Return the dialect of a file that begins with these lines, as `csv_rows` detects it."""
    return _dialect(_RowReader(lines), wanted, delimiter, escape)


def csv_block_rows(lines: Iterator[Line], location: str, dialect: Dialect) -> Iterator[CsvRow]:
    """Yield rows of a block of a file, whose dialect its first lines tell."""
    return _rows_in(_RowReader(lines), dialect, location)


def _rows_in(reader: "_RowReader", dialect: Dialect, location: str) -> Iterator[CsvRow]:
    layout = _RowLayout()
    while True:
        rows = dialect.rows(reader)
        try:
            for fields in rows:
                taken, reader.taken = reader.taken, []
                if fields:
                    layout.note(len(fields), taken[0][1])
                    problem = next((problem for *_, problem in taken if problem), "")
                    yield CsvRow(taken[0][0], fields, UNDECODABLE if problem else "", problem)
            return
        except csv.Error as error:
            yield from _skipped(reader, dialect, layout, location, str(error))


@dataclass
class _RowLayout:
    """Layout of the rows of a file, by which the start of a row is recognized."""

    width: int = 0  # fields, of the first
    quoted: bool | None = None  # whether all rows but the header begin with a quotation mark; None before the first

    def note(self, width: int, line: str) -> None:
        if not self.width:
            self.width = width
        elif self.quoted is not False:
            self.quoted = line.startswith('"')


class _RowReader:
    """Iterator of lines for `csv.reader` that can be put back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._waiting: deque[Line] = deque()
        self.taken: list[Line] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.taken.append(line)
        return line[1]

    def put_back(self, keep: int = 0) -> None:
        """Put back the lines taken, except for the first `keep`."""
        self._waiting.extendleft(reversed(self.taken[keep:]))
        self.taken = []


def _dialect(reader: _RowReader, wanted: Sequence[str], delimiter: str, escape: str) -> Dialect:
    sample = list(islice(reader, SAMPLE))
    excel = delimiter_of_excel(sample[0]) if sample else ""
    reader.put_back(keep=1 if excel else 0)
    if excel and delimiter == AUTO:
        delimiter = excel
    return detect_dialect(sample[1:] if excel else sample, len(sample) < SAMPLE, wanted, delimiter, escape)


def _skipped(reader: _RowReader, dialect: Dialect, layout: _RowLayout, location: str, error: str) -> Iterator[CsvRow]:
    """Yield the malformed row just taken, line by line, until rows reliably begin again.

    They do after a line that leaves no quotation mark open, or before three rows with the layout of this file.
    """
    problem = _problem(reader.taken, dialect, error)
    number, text, _ = reader.taken[0]
    if not layout.width:
        raise UserError(f"{location} line {number}: {problem}")
    reader.put_back(keep=1)
    first, reported, inside = number, problem, False
    for _ in range(_PATIENCE):
        yield CsvRow(number, [without_end(text)[:_SHOWN]], MALFORMED, reported)
        inside = dialect.leaves_open(without_end(text), inside)
        if not inside or _is_sure(reader, dialect, layout):
            return
        next(reader)
        [(number, text, _)], reader.taken = reader.taken, []
        reported = f"belongs to the malformed row that begins in line {first}"
    raise UserError(f"{location} line {first}: {problem}; no row begins surely in the {_PATIENCE:,} lines behind it")


def _is_sure(reader: _RowReader, dialect: Dialect, layout: _RowLayout) -> bool:
    """Return whether the next rows, or all that are left, have the expected layout."""
    rows = dialect.rows(islice(reader, _PEEK))
    try:
        found = list(islice(filter(None, rows), _SURE))
    except csv.Error:
        found = [[]]
    lines = [text for _, text, _ in reader.taken if not text.isspace()]
    reader.put_back()
    begins = not layout.quoted or all(text.startswith('"') for text in lines[:1])
    return begins and all(len(fields) == layout.width for fields in found) and not any(_is_odd(text) for text in lines)


def _is_odd(line: str) -> bool:
    """Return whether a line has an odd number of quotation marks."""
    return line.count('"') % 2 == 1


def _problem(taken: Sequence[Line], dialect: Dialect, error: str) -> str:
    if "field limit" in error or "unexpected end" in error:
        error = "a quotation mark is opened and never closed"
    text = "".join(text for _, text, _ in taken[:10])
    escape = "" if dialect.backslash or '\\"' not in text else ', or set corpus.escape to backslash where \\" is one'
    return (
        f"the CSV row that begins here is malformed ({error}); close every quotation mark, and write one inside quotes "
        f'as ""{escape}'
    )
