"""Preview of a file: its format and the values of its columns in the first rows (used by `seqloom init`)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from unicodedata import category

from seqloom.corpus.csv_dialect import DELIMITERS
from seqloom.corpus.csv_rows import CsvRow, csv_rows, tsv_rows
from seqloom.corpus.dialogue_context import listed_turns
from seqloom.corpus.excel_sheets import sheet_rows
from seqloom.corpus.file_io import read_lines, readable_lines, without_end
from seqloom.corpus.json_objects import JsonRow, as_text
from seqloom.corpus.pairs import Unreadable
from seqloom.corpus.sources import SourceFile, locate
from seqloom.corpus.tables import keyed_rows, read_columns
from seqloom.corpus.tmx_files import sample_tmx
from seqloom.corpus.xliff_files import xliff_languages
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

SAMPLE = 2000  # rows
DEPTH = 4  # objects within objects
_LABELS = 50  # distinct values of a column of labels, at most
_LABEL_LENGTH = 40  # characters of a label, at most
_STRIDE = 100  # of every so many lines behind the first, one is seen
_EVEN = 0.95  # of the lines of a table have as many fields as most, at least
_SCORES = 10  # distinct numbers that are labels, such as stars, at most
_ABOUT = "id uuid guid key index idx number nr no date day time timestamp created updated url link href split fold user"
_NO_TEXT = frozenset([*_ABOUT.split(), "author", "email", "file", "path", "hash"])
"""Last words of the names of metadata columns."""


@dataclass(frozen=True)
class Column:
    """A column with the values of the first rows."""

    name: str
    values: tuple[str, ...]  # those that are not empty

    @property
    def is_numeric(self) -> bool:
        """True if most values have no letter."""
        return 2 * sum(any(map(str.isalpha, value)) for value in self.values) < len(self.values)

    @property
    def is_constant(self) -> bool:
        """True if all rows have the same value."""
        return len({*self.values}) == 1 < len(self.values)

    @property
    def holds_labels(self) -> bool:
        """True if it has few distinct values, short and repeated."""
        distinct = set(self.values)
        most = _SCORES if self.is_numeric else _LABELS
        few = 0 < len(distinct) <= min(most, max(2, len(self.values) // 5)) < len(self.values)
        return few and max(map(len, distinct)) <= _LABEL_LENGTH and not self._is_metadata

    @property
    def holds_text(self) -> bool:
        """True if it holds text, not numbers or metadata."""
        return bool(self.values) and not self.is_numeric and not self._is_metadata

    @property
    def _is_metadata(self) -> bool:
        """True if its name is one of metadata; `id` and `no` are languages too, whose texts have spaces."""
        last = next(reversed(name_words(self.name)), "")
        spaced = 2 * sum(" " in value for value in self.values) > len(self.values)
        return last in _NO_TEXT and not (len(last) == 2 and spaced)


@dataclass(frozen=True)
class ListColumn:
    """A key whose values are lists of dialogue turns."""

    name: str
    dialogues: tuple[list[str], ...]


@dataclass(frozen=True)
class Table:
    """The first rows of a file, or of two aligned ones."""

    location: str
    format: str  # as corpus.format says it
    columns: tuple[
        Column, ...
    ]  # that have a name: languages of TMX and XLIFF; none for plain text and gettext catalogs
    header: bool = True
    named: bool = True  # the file's name tells the format
    characters: int = 0  # size of plain text, approximately
    lines: tuple[str, ...] = ()  # of a file without a known ending
    lists: tuple[ListColumn, ...] = ()


def name_words(name: str) -> list[str]:
    """Split a column's name into lower-case words: translation.en, target_text, sourceText."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[^\w]+|_", apart) if word]


def preview(location: str, home: Path) -> Table:
    """Read the first rows of a file, or of the first file that a pattern matches.

    Raises:
        UserError: the file is missing or of a format that is not read.
    """
    file, *other = _found(location, home)
    if other:
        return _aligned_table(location, (file, *other))
    match file.format:
        case "running":
            return _plain(location, file)
        case "po" | "mo":
            return Table(location, file.format, ())
        case "tmx":
            texts = sample_tmx(file, SAMPLE)
            return Table(location, file.format, tuple(Column(code, tuple(texts[code])) for code in texts))
        case "xliff":
            return Table(location, file.format, tuple(Column(code, ()) for code in xliff_languages(file) if code))
        case "jsonl" | "parquet" | "arrow":
            columns, lists = _object_columns(file)
            return Table(location, file.format, columns, lists=lists)
        case "csv":
            return _delimited(location, file, _csv_sample(file))
        case "excel":
            return _delimited(location, file, list(islice(sheet_rows(file, ""), SAMPLE)))
    return _delimited(location, file, list(islice(tsv_rows(read_lines(file)), SAMPLE)))


def preview_aligned(locations: Sequence[str], home: Path) -> Table:
    """Read the first lines of two aligned files as a table of two columns.

    Raises:
        UserError: a file is missing or has no lines of text.
    """
    located = locate(CorpusSection(train=list(locations)), home)
    return _aligned_table(" and ".join(locations), located.train.rows[0])


def _aligned_table(location: str, files: Sequence[SourceFile]) -> Table:
    names = _differing_names(files)
    pairs = list(zip(*map(_lines, files), strict=False))
    columns = (Column(name, tuple(pair[side].strip() for pair in pairs)) for side, name in enumerate(names))
    return Table(location, "lines", tuple(columns))


def _plain(location: str, file: SourceFile) -> Table:
    """Preview lines without a known format: a table if tabs divide them, else running text."""
    lines = _lines(file)
    if not _is_tab_separated(lines):
        return Table(location, "running", (), named=False, characters=file.path.stat().st_size, lines=lines)
    rows = list(islice(tsv_rows(read_lines(file)), SAMPLE))
    return replace(_delimited(location, replace(file, format="tsv"), rows), named=False, lines=lines)


def _is_tab_separated(lines: Sequence[str]) -> bool:
    """Return whether nearly all lines have the same number of fields, apart from indentation."""
    tabs = Counter(line.strip().count("\t") for line in lines if line.strip())
    most, often = tabs.most_common(1)[0] if tabs else (0, 0)
    return most > 0 and often >= _EVEN * tabs.total()


def _differing_names(files: Sequence[SourceFile]) -> list[str]:
    """Return the part of each name that differs, such as en and de of train.en and train.de."""
    parts = [re.split(r"[^\w]+|_", file.location) for file in files]
    apart = [[part for part in ours if part not in theirs] for ours, theirs in (parts, parts[::-1])]
    return [(only or all_of)[-1] for only, all_of in zip(apart, parts, strict=True)]


def _lines(file: SourceFile) -> tuple[str, ...]:
    """Return the first readable lines of a file and some of those behind them, as it may be sorted by label."""
    rows = readable_lines(file)
    seen = chain(islice(rows, SAMPLE), islice(rows, 0, SAMPLE * _STRIDE, _STRIDE))
    return tuple(without_end(row[1]) for row in seen if not isinstance(row, Unreadable))


def _found(location: str, home: Path, form: str = "auto") -> tuple[SourceFile, ...]:
    """Locate a file, or the two aligned ones of an archive; one whose name has no known ending is running text."""
    asked = CorpusSection.model_validate({"train": [location], "format": form})
    try:
        return locate(asked, home).train.rows[0]
    except UserError as mistake:
        if "the name does not tell the format" not in str(mistake):
            raise
    return locate(asked.model_copy(update={"format": "running"}), home).train.rows[0]


def write_texts(table: Table, column: str, file: Path, home: Path) -> None:
    """Write a column as plain text, one text a line, to a new file."""
    section = CorpusSection(train=[table.location], source_column=column, header=table.header)
    [found] = _found(table.location, home, "auto" if table.named else table.format)
    with file.open("x", encoding="utf-8") as stream:
        for row in read_columns(found, section, ("source_column",)):
            if not isinstance(row, Unreadable) and (text := " ".join(row[1][0].split())):
                stream.write(f"{text}\n")


def _csv_sample(file: SourceFile) -> list[CsvRow]:
    """Return the first rows, split at the delimiter that gives the most columns."""
    best: list[CsvRow] = []
    most = (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            rows = list(islice(csv_rows(read_lines(file), file.location, (), delimiter), SAMPLE))
        except UserError:  # its first row is malformed, read so
            continue
        width = len(rows[0].fields) if rows else 0
        even = sum(not row.reason and len(row.fields) == width for row in rows) / max(1, len(rows))
        if width and ((width > 1) * round(even, 1), width) > most:
            best, most = rows, ((width > 1) * round(even, 1), width)
        best = best or rows
    return best


def _delimited(location: str, file: SourceFile, rows: Sequence[CsvRow]) -> Table:
    good = [row.fields for row in rows if not row.reason]
    if not good:
        raise UserError(f"{location}: no row of it can be read; {rows[0].problem if rows else 'fill it'}")
    header = _is_header(good[0], good[1:])
    names = [name.strip() for name in good[0]] if header else [str(number + 1) for number in range(len(good[0]))]
    body = [row for row in good[header:] if len(row) == len(names)]
    columns = [
        Column(name, tuple(filter(None, (row[number].strip() for row in body)))) for number, name in enumerate(names)
    ]
    named = (column for column in columns if column.name and names.count(column.name) == 1)
    return Table(location, file.format, tuple(named), header)


def _is_header(fields: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a first row names columns: short, unique, no sentences unless above numbers, no spaced symbols."""
    names = [field.strip() for field in fields]
    if rows and any(
        is_spaced_symbols(name) and is_spaced_symbols(row) for name, row in zip(names, rows[0], strict=False)
    ):
        return False
    said = [name for name in names if name]
    if len({*said}) < len(said) or any(len(name) > 40 for name in said) or not any(map(_has_letter, said)):
        return False
    over_numbers = any(
        _has_letter(name) and Column("", tuple(row[index] for row in rows if len(row) > index)).is_numeric
        for index, name in enumerate(names)
    )
    sentence = any(len(name.split()) > 3 or name.endswith((".", "?", "!", "。")) for name in said)
    return over_numbers or not sentence


def is_spaced_symbols(text: str) -> bool:
    """Return whether a text is symbols divided by spaces, such as the sounds of a word (`k a t`), and no words."""
    words = text.split()
    return len(words) > 1 and 2 * sum(map(_is_one_letter, words)) > len(words)


def _is_one_letter(word: str) -> bool:
    """Return whether a word has one letter, not counting diacritics and modifier letters (Unicode M and Lm)."""
    return sum(category(character) in ("Ll", "Lu", "Lt", "Lo") for character in word) == 1


def _has_letter(name: str) -> bool:
    return any(map(str.isalpha, name))


def _object_columns(file: SourceFile) -> tuple[tuple[Column, ...], tuple[ListColumn, ...]]:
    """Return the keys with texts, and those with lists of turns."""
    rows = keyed_rows(file, ())
    found: dict[str, list[str]] = {}
    lists: dict[str, list[list[str]]] = {}
    for row in islice(rows, SAMPLE):
        if isinstance(row, JsonRow):
            for name, text in filter(all, _leaves(row.value)):
                found.setdefault(name, []).append(text)
            for name, value in row.value.items():
                if (turns := listed_turns(value)) and any(turns):
                    lists.setdefault(name, []).append(turns)
    if not found and not lists:
        raise UserError(
            f"{file.location}: no row of it is an object with texts; write one a line, such as {{'source': …}}"
        )
    columns = (Column(name, tuple(filter(None, map(str.strip, texts)))) for name, texts in found.items())
    return tuple(columns), tuple(ListColumn(name, tuple(dialogues)) for name, dialogues in lists.items())


def _leaves(value: dict[str, object], before: str = "", depth: int = DEPTH) -> Iterator[tuple[str, str]]:
    """Yield the texts of a nested object with their keys joined by dots."""
    for key, inner in value.items():
        name = f"{before}{key}"
        if isinstance(inner, dict) and depth:
            yield from _leaves(inner, f"{name}.", depth - 1)
        elif (text := as_text(inner)) is not None:
            yield name, text
