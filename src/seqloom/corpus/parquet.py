"""Read the rows of a Parquet file as objects, whole or by row groups."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.corpus.json_objects import JsonRow
from seqloom.corpus.sources import RowBlock, SourceFile
from seqloom.errors import UserError

_BATCH = 10_000  # rows in memory at once


def parquet_rows(file: SourceFile, keys: Sequence[str]) -> Iterator[JsonRow]:
    """Yield each row of the file or its block with its number; only columns that contain the `keys` are read.

    Raises:
        UserError: the file is no Parquet file, or damaged.
    """
    try:
        with pq.ParquetFile(file.path) as table:
            names = table.schema_arrow.names
            wanted = [name for name in names if any(key == name or key.startswith(f"{name}.") for key in keys)]
            number, groups = 0, range(table.num_row_groups)
            if file.block:
                number, groups = file.block.first - 1, range(file.block.begin, file.block.end)
            for batch in table.iter_batches(_BATCH, list(groups), wanted if len(wanted) else names):
                for row in batch.to_pylist():
                    number += 1
                    yield JsonRow(number, row)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{file.location}: not a Parquet file that can be read ({str(error)[:200]}); write or copy it again"
        ) from None


def row_blocks(path: Path, rows: int) -> list[RowBlock]:
    """Return blocks of row groups, each of at least so many rows but the last; none if the file cannot be read."""
    blocks: list[RowBlock] = []
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError):  # reported by its reader
        return []
    first, begin, held = 1, 0, 0
    for group in range(metadata.num_row_groups):
        held += metadata.row_group(group).num_rows
        if held >= rows or group == metadata.num_row_groups - 1:
            blocks.append(RowBlock(begin, group + 1, first, held))
            first, begin, held = first + held, group + 1, 0
    return blocks


def digest_of_block(path: Path, block: RowBlock) -> str:
    """Return the SHA-256 of the schema and of the bytes of a block's columns."""
    metadata = pq.read_metadata(path)
    digest = hashlib.sha256(str(metadata.schema.to_arrow_schema()).encode())
    with path.open("rb") as stream:
        for group in range(block.begin, block.end):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                stream.seek(column.dictionary_page_offset or column.data_page_offset)
                digest.update(stream.read(column.total_compressed_size))
    return digest.hexdigest()
