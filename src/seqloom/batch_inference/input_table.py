"""Read a file of texts as tables of a given number of rows, with all columns and the errors of unusable rows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.artifact.digest import digest_of_file
from seqloom.artifact.input_file import require_file
from seqloom.corpus.corpus_files import storable
from seqloom.corpus.csv_rows import CsvRow, csv_rows, tsv_rows
from seqloom.corpus.feature_array import FeatureArray
from seqloom.corpus.feature_file import FeatureFile, feature_file
from seqloom.corpus.feature_listing import FeatureListing, has_texts
from seqloom.corpus.file_format import CALLED, ENDINGS, detect_format, ending_of
from seqloom.corpus.file_io import read_lines, without_end
from seqloom.corpus.framed_text import FEATURES
from seqloom.corpus.json_objects import JsonRow, as_text, found_at, json_object, json_rows
from seqloom.corpus.pairs import RowError, Unreadable
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.unsupported_formats import refuse_unsupported
from seqloom.errors import UserError

FORMATS = ("lines", "tsv", "csv", "jsonl", "parquet")
PREDICTION, FAILURE = "prediction", "failure"  # the columns that are added
Record = tuple[list[Any], Any, str]  # fields of a row, value of its source column, error or nothing


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a file."""

    table: pa.Table  # all columns
    texts: list[Any]  # values of the source column, of any type
    wrong: dict[int, str] = field(default_factory=dict)  # error of each row that could not be read


@dataclass(frozen=True)
class InputTable:
    """An input file, with the texts in one column."""

    file: SourceFile
    column: str  # a dotted name may be a path into an object
    columns: tuple[str, ...]
    rows: int
    features: str = ""  # column with the features of each row, for a model that reads such
    array: FeatureArray | None = None  # of a file beside it, where they are no column
    listing: FeatureListing | None = None  # of files that the column names

    @property
    def outer(self) -> str:
        """The top-level column of a dotted name."""
        return _outer(self.column, self.columns)

    def shards(self, size: int) -> Iterator[Rows]:
        """Yield all rows in order, `size` at a time.

        Raises:
            UserError: the quotation marks of a CSV file do not match, and no later row begins for certain.
        """
        first = 0
        for rows in self._parquet_rows(size) if self.file.format == "parquet" else self._record_rows(size):
            if self.array:
                framed = [{"source": text, FEATURES: self.array[first + at]} for at, text in enumerate(rows.texts)]
                rows = replace(rows, texts=framed)
            if self.listing:
                rows = self._with_listed(rows, self.listing, first)
            first += len(rows.texts)
            yield rows

    def _with_listed(self, rows: Rows, listing: FeatureListing, first: int) -> Rows:
        """Return rows with the features that their column names; one whose file holds none is wrong."""
        texts, wrong = list[Any](), dict(rows.wrong)
        for at, text in enumerate(rows.texts):
            try:
                texts.append({"source": text, FEATURES: listing.array(first + at + 1)})
            except UserError as error:
                texts.append(text)
                wrong.setdefault(at, str(error))
        return replace(rows, texts=texts, wrong=wrong)

    def _parquet_rows(self, size: int) -> Iterator[Rows]:
        column = [self.features] if self.features and not self.array and not self.listing else []
        for table in _tables(self.file.path, size):
            values = table.select(list(dict.fromkeys([self.outer, *column]))).to_pylist()
            texts = [_text_or_value(found_at(row, self.column)) for row in values]
            if column:
                pairs = zip(texts, values, strict=True)
                texts = [{"source": text, FEATURES: row[self.features]} for text, row in pairs]
            yield Rows(table, texts)

    def _record_rows(self, size: int) -> Iterator[Rows]:
        records = iter(_records(self.file, self.column, self.columns))
        while chunk := list(islice(records, size)):
            yield self._rows(chunk)

    def _rows(self, records: list[Record]) -> Rows:
        columns = [[_storable(fields[index]) for fields, *_ in records] for index in range(len(self.columns))]
        table = pa.table([pa.array(column, pa.string()) for column in columns], names=list(self.columns))
        texts = [_text_or_value(text) for _, text, _ in records]
        return Rows(table, texts, {row: wrong for row, (*_, wrong) in enumerate(records) if wrong})


def open_input(path: Path, kind: str, column: str, features: str = "") -> InputTable:
    """Open a file: detect its columns and count its rows; `kind` is one of `FORMATS`, or auto.

    A model that reads features finds those of a row in the column `features` of a Parquet file, in a file that this
    column names, or in a file beside it.

    Raises:
        UserError: it is missing, empty, not of its format, or has no such column.
    """
    try:
        require_file(path, "give a file of texts")
        if not path.stat().st_size:
            raise UserError(f"{path}: holds no rows, for the file is empty; give a file of texts")
        form = _format(path) if kind == "auto" else kind
        file = SourceFile(str(path), path, digest_of_file(path), form, encoding_source="its encoding")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a file of texts") from None
    columns = tuple(_columns(file, column))
    if file.format == "lines":
        columns = (column,)
    nested = _outer(column, columns) if file.format in ("jsonl", "parquet") else column
    if columns.count(nested) != 1:
        found = ", ".join(name[:40] for name in columns[:20]) or "none"
        raise UserError(
            f"{path}: there is no single column {column!r} among its columns ({found}); name another column"
        )
    listing = _listing(file, column, columns, features) if features else None
    if listing:
        file = replace(file, features=FeatureFile(path.parent, listing.digest, listed=True))
    elif features:
        file = replace(file, features=feature_file(path, str(path), file.format, features))
    for taken in (PREDICTION, FAILURE):
        if taken in columns:
            raise UserError(f"{path}: has a column {taken!r} already, which is to be added; rename or remove it")
    rows = _count(file, column, columns)
    if not rows:
        raise UserError(f"{path}: holds no rows; give a file of texts")
    array = FeatureArray(file.features.path, "its features") if file.features and not listing else None
    if array:
        array.check_rows(rows, f"rows of {path}")
    return InputTable(file, column, columns, rows, features, array, listing)


def _listing(file: SourceFile, column: str, columns: tuple[str, ...], features: str) -> FeatureListing | None:
    """Return the files that the column `features` names; None if there is no such column, or Parquet has them in it."""
    if features not in columns or file.format == "lines":
        return None
    if file.format == "parquet":
        if not has_texts(_schema(file), features):
            return None
        names = pq.read_table(file.path, columns=[features])[features].to_pylist()
    else:
        index = columns.index(features)
        names = [fields[index] for fields, *_ in _records(file, column, columns)]
    by_row = {row: name if isinstance(name, str) else "" for row, name in enumerate(names, start=1)}
    return FeatureListing(file.location, file.path.parent, by_row, "row")


def _format(path: Path) -> str:
    ending = ending_of(path.name, path)
    certain = detect_format(path, str(path))
    if not certain and path.stat().st_size:
        refuse_unsupported(str(path), path, ending, "the file", markup=False)
    form = certain or ENDINGS.get(ending, "lines")
    if form in CALLED and form not in FORMATS:
        raise UserError(
            f"{path}: is {CALLED[form]}, and texts are taken from tables or lines; write its texts into one"
        )
    return form if form in FORMATS else "lines"


def _outer(column: str, columns: tuple[str, ...]) -> str:
    """Return the longest prefix of a dotted name that is a column; the name itself if none is."""
    parts = column.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((name for name in names if name in columns), column)


def _columns(file: SourceFile, column: str) -> list[str]:
    match file.format:
        case "parquet":
            return list(_schema(file).names)
        case "jsonl":
            keys: dict[str, None] = {}
            for row in json_rows(file, [column]):
                keys.update(dict.fromkeys(_read(row)))
            return list(keys)
        case "lines":
            return []
    first = next(_table_rows(file, column), None)
    return [name.strip() for name in first.fields] if first else []


def _schema(file: SourceFile) -> pa.Schema:
    try:
        return pq.read_schema(file.path)
    except pa.ArrowInvalid as error:
        raise UserError(f"{file.location}: not a Parquet file ({error}); correct the file or its format") from None


def _count(file: SourceFile, column: str, columns: tuple[str, ...]) -> int:
    if file.format == "parquet":
        return int(pq.read_metadata(file.path).num_rows)
    return sum(1 for _ in _records(file, column, columns))


def _tables(path: Path, size: int) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file, `size` at a time, whatever its row groups."""
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


def _records(file: SourceFile, column: str, columns: tuple[str, ...]) -> Iterator[Record]:
    match file.format:
        case "lines":
            for _, line, problem in read_lines(file):
                yield [without_end(line)], without_end(line), problem
        case "jsonl":
            for found in json_rows(file, [column]):
                value = _read(found)
                wrong = f"line {found.line}: {found.problem}" if isinstance(found, Unreadable) else ""
                yield [value.get(name) for name in columns], found_at(value, column), wrong
        case _:
            index = columns.index(column)
            rows = _table_rows(file, column)
            next(rows, None)  # the names
            for row in rows:
                wrong = f"line {row.line} has {len(row.fields)} fields and not {len(columns)}"
                padded = [*row.fields, *[None] * len(columns)][: len(columns)]
                fits = len(row.fields) == len(columns)
                yield padded, padded[index], row.problem or ("" if fits else wrong)


def _table_rows(file: SourceFile, column: str) -> Iterator[CsvRow]:
    lines = read_lines(file)
    return csv_rows(lines, file.location, [column]) if file.format == "csv" else tsv_rows(lines)


def _read(row: JsonRow | Unreadable) -> dict[str, object]:
    """Return the fields of an object, also of one with a bad byte: they may hold the row's number."""
    if isinstance(row, JsonRow):
        return row.value
    try:
        return json_object(row.text)
    except RowError:
        return {}


def _text_or_value(value: object) -> object:
    """Return a text, number or boolean as text in JSON's spelling, NaN as None, and any other value unchanged."""
    text = None if value is None else as_text(value)
    return value if text is None or isinstance(value, str) else text or None


def _storable(value: object) -> str | None:
    """Return a value for a text column: JSON unless it is a text or null."""
    if value is None:
        return None
    return storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
