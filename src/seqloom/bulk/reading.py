"""A file of texts to tables of so many rows: every column is kept, and a row that cannot be used says why."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.artifact.digest import digest_of_file
from seqloom.corpus.opening import open_bytes, without_end
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.tables import csv_rows, json_object, tsv_rows
from seqloom.mistake import UserMistake

FORMATS = ("lines", "tsv", "csv", "jsonl", "parquet")
PREDICTION, FAILURE = "prediction", "failure"  # the columns that are added
Record = tuple[list[Any], str]  # the fields of a row, and what is wrong with it


@dataclass(frozen=True)
class Rows:
    """Some rows of a file, one after the other."""

    table: pa.Table  # their columns
    texts: list[Any]  # what stands in the source column, whatever it is
    wrong: dict[int, str] = field(default_factory=dict)  # by row: why it could not be read


@dataclass(frozen=True)
class Input:
    """A file with the texts in one column."""

    file: SourceFile
    column: str
    columns: tuple[str, ...]
    rows: int

    def shards(self, size: int) -> Iterator[Rows]:
        """All rows in order, `size` at a time.

        Raises:
            UserMistake: a CSV file's quotation marks do not match.
        """
        if self.file.format == "parquet":
            yield from (Rows(table, table[self.column].to_pylist()) for table in _tables(self.file.path, size))
            return
        records = iter(_records(self.file, self.columns))
        while chunk := list(islice(records, size)):
            yield self._rows(chunk)

    def _rows(self, records: list[Record]) -> Rows:
        columns = [[_storable(fields[place]) for fields, _ in records] for place in range(len(self.columns))]
        table = pa.table([pa.array(column, pa.string()) for column in columns], names=list(self.columns))
        texts = [fields[self.columns.index(self.column)] for fields, _ in records]
        return Rows(table, texts, {row: wrong for row, (_, wrong) in enumerate(records) if wrong})


def open_input(path: Path, kind: str, column: str) -> Input:
    """Read the file once, to know its columns and to count its rows; `kind` is one of `FORMATS`, or auto.

    Raises:
        UserMistake: it is missing, empty, not of its format, or has no such column.
    """
    try:
        if not path.is_file():
            raise UserMistake(f"{path}: no such file (looked in {Path.cwd()}); give a file of texts")
        file = SourceFile(str(path), path, digest_of_file(path), _format(path) if kind == "auto" else kind)
    except OSError as error:
        raise UserMistake(f"{path}: cannot be read ({error.strerror}); give a file of texts") from None
    columns = tuple(_columns(file))
    if file.format == "lines":
        columns = (column,)
    if columns.count(column) != 1:
        found = ", ".join(name[:40] for name in columns[:20]) or "none"
        raise UserMistake(f"{path}: there is no single column {column!r} among its columns ({found}); name another")
    for taken in (PREDICTION, FAILURE):
        if taken in columns:
            raise UserMistake(f"{path}: has a column {taken!r} already, which is to be added; rename or remove it")
    rows = _count(file, columns)
    if not rows:
        raise UserMistake(f"{path}: holds no rows; give a file of texts")
    return Input(file, column, columns, rows)


def _format(path: Path) -> str:
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    return ending if ending in FORMATS else "lines"


def _columns(file: SourceFile) -> list[str]:
    match file.format:
        case "parquet":
            return list(_schema(file).names)
        case "jsonl":
            keys: dict[str, None] = {}
            for _, line in _json_lines(file):
                keys.update(dict.fromkeys(_json_row(line, "")[0]))
            return list(keys)
        case "lines":
            return []
    first = next(_table_rows(file), None)
    return [name.strip() for name in first[1]] if first else []


def _schema(file: SourceFile) -> pa.Schema:
    try:
        return pq.read_schema(file.path)
    except pa.ArrowInvalid as error:
        raise UserMistake(f"{file.place}: not a Parquet file ({error}); correct the file or its format") from None


def _count(file: SourceFile, columns: tuple[str, ...]) -> int:
    if file.format == "parquet":
        return int(pq.read_metadata(file.path).num_rows)
    return sum(1 for _ in _records(file, columns))


def _tables(path: Path, size: int) -> Iterator[pa.Table]:
    """The rows of a Parquet file, `size` at a time however its row groups are cut."""
    with pq.ParquetFile(path) as file:
        held: list[pa.RecordBatch] = []
        for batch in file.iter_batches(batch_size=size):
            held.append(batch)
            if sum(len(batch) for batch in held) >= size:
                table = pa.Table.from_batches(held)
                yield table.slice(0, size)
                held = table.slice(size).to_batches()
        if held:
            yield pa.Table.from_batches(held)


def _records(file: SourceFile, columns: tuple[str, ...]) -> Iterator[Record]:
    match file.format:
        case "lines":
            yield from (([without_end(line)], _not_utf8([line])) for line in _lines(file))
        case "jsonl":
            for number, line in _json_lines(file):
                row, wrong = _json_row(line, f"line {number}")
                yield [row.get(column) for column in columns], wrong or _not_utf8([line])
        case _:
            rows = _table_rows(file)
            next(rows, None)  # the names
            for number, fields in rows:
                wrong = f"line {number} has {len(fields)} fields and not {len(columns)}"
                padded = [*fields, *[None] * len(columns)][: len(columns)]
                yield padded, wrong if len(fields) != len(columns) else _not_utf8(fields)


def _table_rows(file: SourceFile) -> Iterator[tuple[int, list[str]]]:
    return csv_rows(_lines(file), file.place) if file.format == "csv" else tsv_rows(_lines(file))


def _json_lines(file: SourceFile) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(_lines(file), start=1) if not line.isspace())


def _json_row(line: str, place: str) -> tuple[dict[str, object], str]:
    try:
        return json_object(line, place), ""
    except UserMistake as mistake:
        return {}, str(mistake)


def _lines(file: SourceFile) -> Iterator[str]:
    """Each line with its end, without a byte order mark; a byte that is not UTF-8 becomes half a surrogate pair."""
    with open_bytes(file) as stream:
        first = (line.decode("utf-8-sig", "surrogateescape") for line in islice(stream, 1))
        yield from chain(first, (line.decode("utf-8", "surrogateescape") for line in stream))


def _not_utf8(fields: Iterable[str]) -> str:
    for text in fields:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return f"byte 0x{ord(text[error.start]) & 0xFF:02x} is not UTF-8"
    return ""


def _storable(value: object) -> str | None:
    """A value as a column of text holds it: what is neither text nor null as JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()
