"""Shards of a corpus: files, and blocks of lines of large ones, each of which one process reads."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seqloom.corpus.charset import UTF, detect_encoding
from seqloom.corpus.compression import detect_compression
from seqloom.corpus.csv_blocks import csv_blocks
from seqloom.corpus.csv_dialect import SAMPLE
from seqloom.corpus.file_io import head_of
from seqloom.corpus.json_documents import has_document
from seqloom.corpus.parquet import row_blocks
from seqloom.corpus.sources import RowBlock, SourceFile, Sources
from seqloom.corpus.tables import dialect_of_table, first_row
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import section_of_source

GIVEN_FOR = ("test", "validation", "train")
"""Splits in the order in which their files are read: held-out text first, so that training can exclude it."""

ROWS = 100_000  # lines of a block
BYTES = 1 << 23  # of small files in a shard
_CHUNK = 1 << 18  # bytes
_LINES = ("lines", "texts", "labeled", "jsonl", "tsv", "csv")  # formats that may be divided at the end of a line
_PLAIN = ("utf-8", "utf-8-sig", "ascii")  # encodings of tables that are divided

Files = tuple[SourceFile, ...]
"""Files that are read together, a source file and its target file or a table, or a block of their lines."""


@dataclass(frozen=True)
class Shard:
    """Files of one split and source, one after the other."""

    given_for: str  # split of the files
    files: tuple[Files, ...]

    @property
    def source_name(self) -> str:
        """Return the name of the recipe's source that the files are of, where it has several."""
        return self.files[0][0].source_name

    @property
    def size(self) -> int:
        """Return the bytes of the files, about."""
        return sum(map(_size, self.files))


def plan_shards(section: CorpusSection, sources: Sources) -> list[Shard]:
    """Return the shards of a corpus in the order of its rows; small files are in one shard."""
    shards: list[Shard] = []
    for split in GIVEN_FOR:
        for row in getattr(sources, split).rows:
            for files in _blocks(row, section):
                last = shards[-1] if shards else None
                new = Shard(split, (files,))
                if last and (last.given_for, last.source_name) == (split, new.source_name) and not _is_full(last, new):
                    shards[-1] = Shard(split, (*last.files, files))
                else:
                    shards.append(new)
    return shards


def _is_full(shard: Shard, following: Shard) -> bool:
    return any(files[0].block for files in (*shard.files, *following.files)) or shard.size + following.size > BYTES


def _size(files: Files) -> int:
    if files[0].block:
        return BYTES
    return sum(file.path.stat().st_size for file in files)


def _blocks(files: Files, section: CorpusSection) -> Iterator[Files]:
    """Yield the files in blocks of `ROWS` lines, or of row groups, or whole where they cannot be divided."""
    if files[0].format == "parquet" and not section.turns:
        blocks = row_blocks(files[0].path, ROWS)
        yield from ((replace(files[0], block=block),) for block in blocks) if len(blocks) > 1 else (files,)
        return
    if section.turns or not all(_is_divisible(file, section) for file in files):
        yield files
        return
    if files[0].format == "csv":
        blocks = _blocks_of_csv(files[0], section_of_source(section, files[0].source_name))
        yield from ((replace(files[0], block=block),) for block in blocks) if len(blocks) > 1 else (files,)
        return
    offsets, counts = zip(*(_line_offsets(file.path, ROWS) for file in files), strict=True)
    if len(set(counts)) > 1 or counts[0] <= ROWS:  # files of other lengths are refused by their reader
        yield files
        return
    for first in range(1, counts[0] + 1, ROWS):
        size, number = min(ROWS, counts[0] - first + 1), (first - 1) // ROWS
        yield tuple(
            replace(file, block=RowBlock(of_file[number], of_file[number + 1], first, size))
            for file, of_file in zip(files, offsets, strict=True)
        )


def _is_divisible(file: SourceFile, section: CorpusSection) -> bool:
    """Return whether a file can be read from the beginning of any line."""
    small = file.path.stat().st_size <= ROWS  # bytes, of which each line has one at least
    if small or file.format not in _LINES or file.member or detect_compression(file.path):
        return False
    head = head_of(file)
    try:
        encoding = detect_encoding(head, file.encoding, file.location, file.encoding_source)
    except UserError:  # raised again by the reader
        return False
    if encoding in UTF or b"\n" not in head:
        return False
    own = section_of_source(section, file.source_name)
    if file.format in ("tsv", "csv"):
        return encoding in _PLAIN and _has_early_row(file, own)
    return file.format != "jsonl" or not has_document(file, [own.source_column, own.target_column])


def _has_early_row(file: SourceFile, section: CorpusSection) -> bool:
    """Return whether the first row of a table, by which the others are read, is among the lines that are looked at."""
    try:
        return 0 < first_row(file, section) < SAMPLE
    except UserError:  # raised again by the reader
        return False


def _blocks_of_csv(file: SourceFile, section: CorpusSection) -> list[RowBlock]:
    dialect = dialect_of_table(file, section, [section.source_column, section.target_column])
    if dialect.backslash or not dialect.delimiter.isascii():
        return []
    return csv_blocks(file.path, dialect.delimiter, ROWS)


def _line_offsets(path: Path, every: int) -> tuple[list[int], int]:
    """Return where the first of every `every` lines begins, in bytes, and the end; and the number of lines."""
    offsets, lines, position, last = [0], 0, 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            count = chunk.count(b"\n")
            if lines % every + count >= every:
                ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
                offsets += (position + 1 + ends[(every - 1 - lines) % every :: every]).tolist()
            lines, position, last = lines + count, position + len(chunk), chunk[-1:]
    lines += last != b"\n"
    return offsets if offsets[-1] == position else [*offsets, position], lines
