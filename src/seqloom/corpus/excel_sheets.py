"""Read the rows of a sheet in an Excel workbook (XLSX, XLSM), streamed; formulas have the value that Excel saved."""

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any

from seqloom.corpus.csv_rows import CsvRow
from seqloom.corpus.json_objects import as_text
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError

_BATCH = 1000  # rows read at once
_UNPACKED = 1 << 30  # bytes of a workbook's XML, at most
_SHOWN = 20  # names of sheets in a sentence


def sheet_rows(file: SourceFile, sheet: str) -> Iterator[CsvRow]:
    """Yield the rows of the sheet of that name, or of the first one; empty rows are skipped.

    Rows are as wide as the first one, or wider where cells stand beside it. The texts that cells share are in memory.

    Raises:
        UserError: the workbook is damaged, has no such sheet, or would fill the memory.
    """
    width = 0
    for number, values in _cells(file, sheet):
        fields = [_text(value) for value in values]
        while fields and not fields[-1]:
            fields.pop()
        if fields:
            width = width or len(fields)
            yield CsvRow(number, fields + [""] * (width - len(fields)))


def _cells(file: SourceFile, sheet: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield number, from 1, and values of each row."""
    from openpyxl import load_workbook

    number = 0
    try:
        _check_size(file)
        with file.path.open("rb") as stream:
            with warnings.catch_warnings(action="ignore"):  # of styles, which no text needs
                book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            rows = enumerate(_sheet(book, sheet, file).iter_rows(values_only=True), start=1)
            while batch := _taken(rows):
                yield from batch
                number = batch[-1][0]
    except UserError:
        raise
    except Exception as error:  # what openpyxl raises for a damaged workbook is of any kind
        raise UserError(
            f"{file.location} row {number + 1}: not an Excel workbook that can be read ({_first_line(error)}); save it "
            "again as XLSX, or as CSV UTF-8"
        ) from None


def _taken(rows: Iterator[tuple[int, tuple[Any, ...]]]) -> list[tuple[int, tuple[Any, ...]]]:
    with warnings.catch_warnings(action="ignore"):
        return list(islice(rows, _BATCH))


def _check_size(file: SourceFile) -> None:
    with zipfile.ZipFile(file.path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _UNPACKED:
        raise UserError(
            f"{file.location}: unpacks to {size >> 20:,} MiB, which would fill the memory; save it as CSV UTF-8"
        )


def _sheet(book: Any, name: str, file: SourceFile) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name and name not in sheets:
        found = ", ".join(title[:40] for title in list(sheets)[:_SHOWN]) or "none"
        raise UserError(f"{file.location}: no sheet {name!r} among {found}; correct corpus.sheet")
    if not sheets:
        raise UserError(f"{file.location}: has no sheet with cells; name another file")
    sheet = sheets[name] if name else next(iter(sheets.values()))
    sheet.reset_dimensions()  # some programs write wrong ones
    return sheet


def _text(value: object) -> str:
    """Return a cell as text: numbers and booleans in JSON's spelling, dates and times in ISO 8601."""
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    text = as_text(value)
    return str(value) if text is None else text


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
