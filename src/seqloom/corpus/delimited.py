"""Rows of TSV and CSV; a malformed row is told, and reading goes on where rows surely begin again."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Self

from seqloom.corpus.dialect import AUTO, SAMPLE, Dialect, delimiter_of_excel, found_dialect
from seqloom.corpus.opening import Line, without_end
from seqloom.corpus.pairs import MALFORMED, UNDECODABLE
from seqloom.mistake import UserMistake

_SURE = 3  # good rows in a row
_PATIENCE = 1000  # lines to look for them
_PEEK = 200  # lines that three rows have room in
_SHOWN = 500  # characters of a malformed row


class Row(NamedTuple):
    """A row of a table, and what is wrong with it."""

    line: int  # it begins on, from 1
    fields: list[str]
    reason: str = ""  # why it cannot be read
    problem: str = ""  # the same in words


def tsv_rows(lines: Iterable[Line], delimiter: str = "\t") -> Iterator[Row]:
    """Rows of tab-separated text, where a quotation mark is a character like another; blank lines are no rows."""
    for number, line, problem in lines:
        text = without_end(line)
        if text:
            yield Row(number, text.split(delimiter), UNDECODABLE if problem else "", problem)


def csv_rows(
    lines: Iterator[Line], place: str, wanted: Sequence[str], delimiter: str = AUTO, escape: str = AUTO
) -> Iterator[Row]:
    """Rows of comma-separated text, the first of them the names; quoted fields may run over several lines.

    Delimiter and escape are found from the first lines where they are auto: the `wanted` columns must be there.

    Raises:
        UserMistake: the first row is malformed, or another is and no row begins surely behind it.
    """
    tape = _Tape(lines)
    dialect = _dialect(tape, wanted, delimiter, escape)
    width = 0
    while True:
        rows = dialect.rows(tape)
        try:
            for fields in rows:
                taken = tape.taken
                if fields:
                    width = width or len(fields)
                    problem = next((problem for *_, problem in taken if problem), "") if len(taken) < _SHOWN else ""
                    yield Row(taken[0][0], fields, UNDECODABLE if problem else "", problem)
                tape.taken = []
            return
        except csv.Error as error:
            yield from _skipped(tape, dialect, width, f"{place} line {tape.taken[0][0]}", str(error))


class _Tape:
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


def _dialect(tape: _Tape, wanted: Sequence[str], delimiter: str, escape: str) -> Dialect:
    sample = list(islice(tape, SAMPLE))
    told = delimiter_of_excel(sample[0]) if sample else ""
    tape.put_back(keep=1 if told else 0)
    if told and delimiter == AUTO:
        delimiter = told
    return found_dialect(sample[1:] if told else sample, len(sample) < SAMPLE, wanted, delimiter, escape)


def _skipped(tape: _Tape, dialect: Dialect, width: int, place: str, error: str) -> Iterator[Row]:
    """The malformed row that was just taken, and the lines behind it up to where rows surely begin again.

    A line with as many opening as closing quotation marks leaves none open; behind another, three good rows are a sign.
    """
    problem = _problem(tape.taken, dialect, error)
    if not width:
        raise UserMistake(f"{place}: {problem}")
    number, text, _ = tape.taken[0]
    tape.put_back(keep=1)
    yield Row(number, [without_end(text)[:_SHOWN]], MALFORMED, problem)
    if text.count('"') % 2 == 0:
        return
    for _ in range(_PATIENCE):
        if _is_sure(tape, dialect, width):
            return
        next(tape)
        [(number, text, _)] = tape.taken
        tape.taken = []
        yield Row(number, [without_end(text)[:_SHOWN]], MALFORMED, f"belongs to the malformed row of line {place}")
    raise UserMistake(f"{place}: {problem}; no row begins surely in the {_PATIENCE:,} lines behind it")


def _is_sure(tape: _Tape, dialect: Dialect, width: int) -> bool:
    """Whether the next rows, or all that are left, are as they should be."""
    rows = dialect.rows(islice(tape, _PEEK))
    try:
        found = list(islice(filter(None, rows), _SURE))
    except csv.Error:
        return False
    else:
        return all(len(fields) == width for fields in found)
    finally:
        tape.put_back()


def _problem(taken: Sequence[Line], dialect: Dialect, error: str) -> str:
    if "field limit" in error or "unexpected end" in error:
        error = "a quotation mark is opened and never closed"
    text = "".join(text for _, text, _ in taken[:10])
    escape = "" if dialect.backslash or '\\"' not in text else ', or set corpus.escape to backslash where \\" is one'
    return (
        f"the CSV row that begins here is malformed ({error}); close every quotation mark, and write one inside quotes "
        f'as ""{escape}'
    )
