"""Read the rows of a Parquet file as objects."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.corpus.json_objects import JsonRow
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError

_BATCH = 10_000  # rows in memory at once


def parquet_rows(file: SourceFile, keys: Sequence[str]) -> Iterator[JsonRow]:
    """Yield each row with its number, from 1; only columns that contain the `keys` are read.

    Raises:
        UserError: the file is no Parquet file, or damaged.
    """
    try:
        with pq.ParquetFile(file.path) as table:
            names = table.schema_arrow.names
            wanted = [name for name in names if any(key == name or key.startswith(f"{name}.") for key in keys)]
            number = 0
            for batch in table.iter_batches(batch_size=_BATCH, columns=wanted if len(wanted) else names):
                for row in batch.to_pylist():
                    number += 1
                    yield JsonRow(number, row)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{file.location}: not a Parquet file that can be read ({str(error)[:200]}); write or copy it again"
        ) from None
