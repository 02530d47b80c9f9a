"""Rows of TSV and CSV; a malformed row is told, and reading goes on where rows surely begin again."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Self

from seqloom.corpus.csv_dialect import AUTO, SAMPLE, Dialect, delimiter_of_excel, found_dialect
from seqloom.corpus.file_io import Line, without_end
from seqloom.corpus.pairs import MALFORMED, UNDECODABLE
from seqloom.errors import UserError

_SURE = 3  # good rows in a row
_PATIENCE = 1000  # lines to look for them
_PEEK = 200  # lines that three rows have room in
_SHOWN = 500  # characters of a malformed row


class CsvRow(NamedTuple):
    """A row of a table, and what is wrong with it."""

    line: int  # it begins on, from 1
    fields: list[str]
    reason: str = ""  # why it cannot be read
    problem: str = ""  # the same in words


def tsv_rows(lines: Iterable[Line], delimiter: str = "\t") -> Iterator[CsvRow]:
    """Rows of tab-separated text, where a quotation mark is a character like another; blank lines are no rows."""
    for number, line, problem in lines:
        text = without_end(line)
        if text:
            yield CsvRow(number, text.split(delimiter), UNDECODABLE if problem else "", problem)


def csv_rows(
    lines: Iterator[Line], place: str, wanted: Sequence[str], delimiter: str = AUTO, escape: str = AUTO
) -> Iterator[CsvRow]:
    """Rows of comma-separated text, the first of them the names; quoted fields may run over several lines.

    Delimiter and escape are found from the first lines where they are auto: the `wanted` columns must be there.

    Raises:
        UserError: the first row is malformed, or another is and no row begins surely behind it.
    """
    tape = _RowReader(lines)
    dialect = _dialect(tape, wanted, delimiter, escape)
    habit = _CsvHabit()
    while True:
        rows = dialect.rows(tape)
        try:
            for fields in rows:
                taken, tape.taken = tape.taken, []
                if fields:
                    habit.note(len(fields), taken[0][1])
                    problem = next((problem for *_, problem in taken if problem), "")
                    yield CsvRow(taken[0][0], fields, UNDECODABLE if problem else "", problem)
            return
        except csv.Error as error:
            yield from _skipped(tape, dialect, habit, place, str(error))


@dataclass
class _CsvHabit:
    """How the rows of a file look, by which one is known where they begin again."""

    width: int = 0  # fields, of the first
    quoted: bool | None = None  # whether all but the names begin with a quotation mark; None before there is one

    def note(self, width: int, line: str) -> None:
        if not self.width:
            self.width = width
        elif self.quoted is not False:
            self.quoted = line.startswith('"')


class _RowReader:
    """Lines for `csv.reader`, which can be put back."""

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
        """Give what was taken once more, but for the first few lines."""
        self._waiting.extendleft(reversed(self.taken[keep:]))
        self.taken = []


def _dialect(tape: _RowReader, wanted: Sequence[str], delimiter: str, escape: str) -> Dialect:
    sample = list(islice(tape, SAMPLE))
    told = delimiter_of_excel(sample[0]) if sample else ""
    tape.put_back(keep=1 if told else 0)
    if told and delimiter == AUTO:
        delimiter = told
    return found_dialect(sample[1:] if told else sample, len(sample) < SAMPLE, wanted, delimiter, escape)


def _skipped(tape: _RowReader, dialect: Dialect, habit: _CsvHabit, place: str, error: str) -> Iterator[CsvRow]:
    """The malformed row that was just taken, line by line, up to where rows surely begin again.

    They do behind a line that leaves no quotation mark open, and before three rows that look like those of this file.
    """
    problem = _problem(tape.taken, dialect, error)
    number, text, _ = tape.taken[0]
    if not habit.width:
        raise UserError(f"{place} line {number}: {problem}")
    tape.put_back(keep=1)
    first, told, inside = number, problem, False
    for _ in range(_PATIENCE):
        yield CsvRow(number, [without_end(text)[:_SHOWN]], MALFORMED, told)
        inside = dialect.leaves_open(without_end(text), inside)
        if not inside or _is_sure(tape, dialect, habit):
            return
        next(tape)
        [(number, text, _)], tape.taken = tape.taken, []
        told = f"belongs to the malformed row that begins in line {first}"
    raise UserError(f"{place} line {first}: {problem}; no row begins surely in the {_PATIENCE:,} lines behind it")


def _is_sure(tape: _RowReader, dialect: Dialect, habit: _CsvHabit) -> bool:
    """Whether the next rows, or all that are left, are as they should be."""
    rows = dialect.rows(islice(tape, _PEEK))
    try:
        found = list(islice(filter(None, rows), _SURE))
    except csv.Error:
        found = [[]]
    lines = [text for _, text, _ in tape.taken if not text.isspace()]
    tape.put_back()
    begins = not habit.quoted or all(text.startswith('"') for text in lines[:1])
    return begins and all(len(fields) == habit.width for fields in found) and not any(_is_odd(text) for text in lines)


def _is_odd(line: str) -> bool:
    """Whether a quotation mark of a line has no other."""
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
