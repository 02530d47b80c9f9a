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


def read_table(file: SourceFile, section: Corpus) -> Iterator[RawPair]:
    """Yield the two columns of a TSV or CSV file; blank lines are no rows."""
    lines = read_lines(file)
    rows = csv_rows(lines, file.place) if file.format == "csv" else tsv_rows(lines)
    first = next(rows, None)
    if first is None:
        return
    names = [name.strip() for name in first[1]] if section.header else [str(n + 1) for n in range(len(first[1]))]
    source = _index(section.source_column, "source_column", names, file, section)
    target = _index(section.target_column, "target_column", names, file, section)
    for line, fields in rows if section.header else chain([first], rows):
        if len(fields) != len(names):
            raise UserMistake(
                f"{file.place} line {line}: has {len(fields)} fields where line {first[0]} has {len(names)}; "
                "correct the line"
            )
        yield RawPair(fields[source], fields[target], line)


def read_jsonl(file: SourceFile, section: Corpus) -> Iterator[RawPair]:
    """Yield two values of the object on each line; null is empty text, blank lines are no rows."""
    for number, line in enumerate(read_lines(file), start=1):
        if not line.isspace():
            row = json_object(line, f"{file.place} line {number}")
            source = _json_text(row, section.source_column, "source_column", f"{file.place} line {number}")
            target = _json_text(row, section.target_column, "target_column", f"{file.place} line {number}")
            yield RawPair(source, target, number)


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


def _json_text(row: dict[str, object], key: str, field: str, place: str) -> str:
    if key not in row:
        found = ", ".join(name[:40] for name in list(row)[:20]) or "none"
        raise UserMistake(f"{place}: no key {key!r} (its keys: {found}); correct corpus.{field} or the line")
    value = row[key]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UserMistake(
            f"{place}: the value of {key!r} is of type {type(value).__name__}, not text; put it in quotes"
        )
    return value
