"""Tables to pairs: TSV, CSV and JSON lines."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from seqloom.corpus.opening import read_lines, without_end
from seqloom.corpus.pairs import RawPair
from seqloom.corpus.sources import SourceFile
from seqloom.mistake import UserMistake
from seqloom.recipe.schema import Corpus

Row = tuple[int, list[str]]  # the line it begins on, and its fields
SIDES = ("source_column", "target_column")


def read_table(file: SourceFile, section: Corpus) -> Iterator[RawPair]:
    """Yield the two columns of a TSV or CSV file; blank lines are no rows."""
    for line, (source, target) in _table_columns(file, section, SIDES):
        yield RawPair(source, target, line)


def read_jsonl(file: SourceFile, section: Corpus) -> Iterator[RawPair]:
    """Yield two values of the object on each line; null is empty text, blank lines are no rows."""
    for line, (source, target) in _json_columns(file, section, SIDES):
        yield RawPair(source, target, line)


def read_columns(file: SourceFile, section: Corpus, fields: Sequence[str]) -> Iterator[Row]:
    """Yield some columns of any table, by the fields of the recipe that name them."""
    return (_json_columns if file.format == "jsonl" else _table_columns)(file, section, fields)


def json_rows(file: SourceFile) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the object on each line with its number; blank lines are no rows."""
    for number, line in enumerate(read_lines(file), start=1):
        if not line.isspace():
            yield number, json_object(line, f"{file.place} line {number}")


def _table_columns(file: SourceFile, section: Corpus, fields: Sequence[str]) -> Iterator[Row]:
    lines = read_lines(file)
    rows = csv_rows(lines, file.place) if file.format == "csv" else tsv_rows(lines)
    first = next(rows, None)
    if first is None:
        return
    names = [name.strip() for name in first[1]] if section.header else [str(n + 1) for n in range(len(first[1]))]
    places = [_index(getattr(section, field), field, names, file, section) for field in fields]
    for line, values in rows if section.header else chain([first], rows):
        if len(values) != len(names):
            raise UserMistake(
                f"{file.place} line {line}: has {len(values)} fields where line {first[0]} has {len(names)}; "
                "correct the line"
            )
        yield line, [values[place] for place in places]


def _json_columns(file: SourceFile, section: Corpus, fields: Sequence[str]) -> Iterator[Row]:
    for number, row in json_rows(file):
        place = f"{file.place} line {number}"
        names = ((field, getattr(section, field)) for field in fields)
        yield (
            number,
            [
                json_text(row, key, field, place) if field in SIDES else str(json_value(row, key, field, place))
                for field, key in names
            ],
        )


def tsv_rows(lines: Iterable[str]) -> Iterator[Row]:
    """Rows of tab-separated text, where a quotation mark is a character like another."""
    for number, line in enumerate(lines, start=1):
        text = without_end(line)
        if text:
            yield number, text.split("\t")


def csv_rows(lines: Iterable[str], place: str) -> Iterator[Row]:
    """Rows of comma-separated text; quoted fields may run over several lines.

    Raises:
        UserMistake: the quotation marks do not match.
    """
    rows = csv.reader(lines, strict=True)
    line = 1
    try:
        for fields in rows:
            if fields:
                yield line, fields
            line = rows.line_num + 1
    except csv.Error as error:
        raise UserMistake(
            f"{place} line {line}: the CSV row that begins here is malformed ({error}); close every quotation "
            'mark, and write one inside quotes as ""'
        ) from None


def _index(column: str, field: str, names: Sequence[str], file: SourceFile, section: Corpus) -> int:
    if names.count(column) == 1:
        return names.index(column)
    found = ", ".join(name[:40] for name in names[:20])
    problem = f"two columns are called {column!r}" if column in names else f"no column {column!r} among {found}"
    header = ", or set corpus.header to false if the first row is text" if section.header else ""
    raise UserMistake(f"{file.place}: {problem}; correct corpus.{field}{header}")


def json_object(line: str, place: str) -> dict[str, object]:
    """The object on a line.

    Raises:
        UserMistake: there is none, or it cannot be read.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserMistake(
            f"{place}: not valid JSON ({error.msg} at character {error.pos + 1}); write one object per line"
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets thousands deep
        raise UserMistake(f"{place}: numbers too long or brackets too deep; write one object with two texts") from None
    if not isinstance(row, dict):
        raise UserMistake(f"{place}: not a JSON object; write one object per line, such as {{'source': …}}")
    return row


def json_text(row: dict[str, object], key: str, field: str, place: str) -> str:
    """The text at a key; null is empty.

    Raises:
        UserMistake: there is no such key, or something else at it.
    """
    value = json_value(row, key, field, place)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UserMistake(
            f"{place}: the value of {key!r} is of type {type(value).__name__}, not text; put it in quotes"
        )
    return value


def json_value(row: dict[str, object], key: str, field: str, place: str) -> object:
    """What is at a key.

    Raises:
        UserMistake: there is no such key.
    """
    if key not in row:
        found = ", ".join(name[:40] for name in list(row)[:20]) or "none"
        raise UserMistake(f"{place}: no key {key!r} (its keys: {found}); correct corpus.{field} or the line")
    return row[key]
