"""Read pairs from tables: TSV, CSV, Excel, JSON, Parquet and Arrow."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from seqloom.corpus.arrow_files import arrow_rows
from seqloom.corpus.csv_dialect import AUTO, Dialect
from seqloom.corpus.csv_rows import CsvRow, csv_block_rows, csv_rows, file_dialect, tsv_rows
from seqloom.corpus.excel_sheets import sheet_rows
from seqloom.corpus.file_io import read_lines, undecodable
from seqloom.corpus.json_objects import JsonRow, as_text, found_at, has_key, json_rows, text_at, value_at
from seqloom.corpus.pairs import OTHER_FIELDS, UNDECODABLE, RawPair, RowError, Unreadable
from seqloom.corpus.parquet import parquet_rows
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

OBJECTS = ("jsonl", "parquet", "arrow")  # formats whose rows are objects
SIDE_FIELDS = ("source_column", "target_column")
_SHOWN_NAMES, _SHOWN_NAME = 20, 40  # names of columns in a sentence, and characters of each


Columns = tuple[int, list[str]]
"""Line number of a row and the values of the requested columns; a plain tuple, as there are millions."""


def read_table(file: SourceFile, section: CorpusSection) -> Iterator[RawPair | Unreadable]:
    """Yield source and target of each row of a table; null is empty text, blank lines are skipped."""
    for row in read_columns(file, section, SIDE_FIELDS):
        if isinstance(row, Unreadable):
            yield row
        else:
            line, (source, target) = row
            yield RawPair(source, target, line)


def read_columns(file: SourceFile, section: CorpusSection, fields: Sequence[str]) -> Iterator[Columns | Unreadable]:
    """Yield the columns of a table that the recipe's `fields` name.

    Raises:
        UserError: a column is missing.
    """
    if file.format in OBJECTS:
        return _object_columns(file, section, fields)
    wanted = [getattr(section, field) for field in fields]
    named = [(name, f"corpus.{field}") for name, field in zip(wanted, fields, strict=True)]
    return _delimited_columns(file, section, wanted, named)


def further_columns(
    file: SourceFile, section: CorpusSection, names: Sequence[str], field: str
) -> Iterator[Columns | Unreadable]:
    """Yield columns of a table beside those of its sides, which `field` names; lines are those of `read_table`.

    An object without a name has an empty text there.

    Raises:
        UserError: a column is missing, in a file of objects from every row.
    """
    if file.format in OBJECTS:
        return _further_of_objects(file, section, names, field)
    sides = [getattr(section, side) for side in SIDE_FIELDS]  # by which delimiters are detected
    return _delimited_columns(file, section, sides, [(name, field) for name in names])


def has_column(file: SourceFile, section: CorpusSection, name: str) -> bool:
    """Return whether a table has a column, or a row of a file of objects such a key."""
    sides = [getattr(section, side) for side in SIDE_FIELDS]
    if file.format in OBJECTS:
        rows = keyed_rows(file, [] if file.format != "jsonl" else sides)
        return any(isinstance(row, JsonRow) and has_key(row.value, name) for row in rows)
    first = next(_rows(file, section, sides), None)
    return first is not None and name in (
        [each.strip() for each in first.fields] if section.header else _numbers(first)
    )


def object_rows(file: SourceFile, section: CorpusSection, fields: Sequence[str]) -> Iterator[JsonRow | Unreadable]:
    """Yield the objects of a JSON file, or the rows of a Parquet or Arrow file as objects."""
    return keyed_rows(file, [getattr(section, field) for field in fields])


def keyed_rows(file: SourceFile, keys: Sequence[str]) -> Iterator[JsonRow | Unreadable]:
    """Yield the rows of a file in one of the formats `OBJECTS`; without `keys` those of all columns."""
    match file.format:
        case "parquet":
            return parquet_rows(file, keys)
        case "arrow":
            return arrow_rows(file, keys)
    return json_rows(file, keys)


def _object_columns(file: SourceFile, section: CorpusSection, fields: Sequence[str]) -> Iterator[Columns | Unreadable]:
    keys = [getattr(section, field) for field in fields]
    for row in object_rows(file, section, fields):
        if isinstance(row, Unreadable):
            yield row
            continue
        try:
            yield row.line, [_text(row.value, key, field) for key, field in zip(keys, fields, strict=True)]
        except RowError as mistake:
            shown = " ".join(filter(None, map(as_text, row.value.values())))
            yield Unreadable(mistake.reason, mistake.problem, file.location, row.line, shown)


def _further_of_objects(
    file: SourceFile, section: CorpusSection, names: Sequence[str], field: str
) -> Iterator[Columns | Unreadable]:
    absent, known = set(names), dict[str, None]()
    columnar = file.format in ("parquet", "arrow")  # of which only these columns are read
    for row in keyed_rows(file, names if columnar else [getattr(section, side) for side in SIDE_FIELDS]):
        if isinstance(row, Unreadable):
            yield row
            continue
        absent -= {name for name in absent if has_key(row.value, name)}
        if absent:
            known |= dict.fromkeys(row.value)
        yield row.line, [_as_shown(found_at(row.value, name)) for name in names]
    if absent and known:
        if columnar and isinstance(row := next(keyed_rows(file, [])), JsonRow):
            known = dict.fromkeys(row.value)
        found = ", ".join(name[:_SHOWN_NAME] for name in list(known)[:_SHOWN_NAMES])
        raise UserError(f"{file.location}: no row has {min(absent)!r} among {found}; correct {field}")


def _delimited_columns(
    file: SourceFile, section: CorpusSection, wanted: Sequence[str], named: Sequence[tuple[str, str]]
) -> Iterator[Columns | Unreadable]:
    """Yield columns, each `named` with the field that names it; `wanted` are those by which delimiters are detected."""
    rows = _rows(replace(file, block=None), section, wanted)
    first = next(rows, None)
    if first is None:
        return
    if first.reason and section.header:
        raise UserError(f"{file.location} line {first.line}: {first.problem}; correct the names of the columns")
    names = [name.strip() for name in first.fields] if section.header else _numbers(first)
    indices = [_index(column, field, names, file, section) for column, field in named]
    width = len(names)
    if file.block:
        following = _block_rows(file, section, wanted, first.line + 1 if section.header else first.line)
    else:
        following = rows if section.header else chain([first], rows)
    for line, values, reason, problem in following:
        if reason == UNDECODABLE:
            yield undecodable(file, line, " ".join(values), problem)
        elif reason:
            yield Unreadable(reason, problem, file.location, line, " ".join(values))
        elif len(values) != width:
            problem = f"has {len(values)} fields where line {first.line} has {width}; correct the line"
            yield Unreadable(OTHER_FIELDS, problem, file.location, line, " ".join(values))
        else:
            yield line, [values[index] for index in indices]


def _rows(file: SourceFile, section: CorpusSection, wanted: Sequence[str]) -> Iterator[CsvRow]:
    if file.format == "excel":
        return sheet_rows(file, section.sheet)
    if file.format == "csv":
        return csv_rows(read_lines(file), file.location, wanted, _delimiter(section), section.escape)
    return _tsv_rows(file, section)


def _block_rows(file: SourceFile, section: CorpusSection, wanted: Sequence[str], first: int) -> Iterator[CsvRow]:
    """Yield the rows of a block, from the line `first` of the file on."""
    if file.format == "csv":
        dialect = dialect_of_table(file, section, wanted)
        rows = csv_block_rows(read_lines(file), file.location, dialect)
    else:
        rows = _tsv_rows(file, section)
    return (row for row in rows if row.line >= first)


def _tsv_rows(file: SourceFile, section: CorpusSection) -> Iterator[CsvRow]:
    delimiter = _delimiter(section)
    return tsv_rows(read_lines(file), "\t" if delimiter == AUTO else delimiter)


def dialect_of_table(file: SourceFile, section: CorpusSection, wanted: Sequence[str]) -> Dialect:
    """Return the dialect of a CSV file."""
    return file_dialect(read_lines(replace(file, block=None)), wanted, _delimiter(section), section.escape)


def first_row(file: SourceFile, section: CorpusSection) -> int:
    """Return the line in which the first row of a TSV or CSV file begins, the header if it has one; 0 without a row.

    Raises:
        UserError: it is malformed.
    """
    row = next(_rows(file, section, [getattr(section, field) for field in SIDE_FIELDS]), None)
    return row.line if row else 0


def _delimiter(section: CorpusSection) -> str:
    return "\t" if section.delimiter == "tab" else section.delimiter


def _text(row: dict[str, object], key: str, field: str) -> str:
    if field in SIDE_FIELDS:
        return text_at(row, key, field)
    return _as_shown(value_at(row, key, field))


def _as_shown(value: object) -> str:
    text = as_text(value)
    return str(value) if text is None else text


def _numbers(row: CsvRow) -> list[str]:
    return [str(number + 1) for number in range(len(row.fields))]


def _index(column: str, field: str, names: Sequence[str], file: SourceFile, section: CorpusSection) -> int:
    if names.count(column) == 1:
        return names.index(column)
    found = ", ".join(name[:_SHOWN_NAME] for name in names[:_SHOWN_NAMES])
    problem = f"two columns are called {column!r}" if column in names else f"no column {column!r} among {found}"
    header = ", or set corpus.header to false if the first row is text" if section.header else ""
    apart = ", or corpus.delimiter" if len(names) == 1 else ""
    raise UserError(f"{file.location}: {problem}; correct {field}{apart}{header}")
