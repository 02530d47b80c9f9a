"""Read the rows of Arrow files as objects: IPC files and streams, Feather version 2, shards of Hugging Face data sets.

https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from seqloom.corpus.json_objects import JsonRow
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError

_FILE = b"ARROW1"  # first bytes of an IPC file; a stream has none of its own
_BATCH = 10_000  # rows in memory as objects at once


def arrow_rows(file: SourceFile, keys: Sequence[str]) -> Iterator[JsonRow]:
    """Yield each row with its number, from 1; only columns that contain the `keys` are taken.

    Raises:
        UserError: the file is no Arrow file, or damaged.
    """
    number = 0
    try:
        for batch in _batches(file):
            names = batch.schema.names
            wanted = [name for name in names if any(key == name or key.startswith(f"{name}.") for key in keys)]
            taken = batch.select(wanted or names)
            taken.validate(full=True)  # offsets of a damaged file would be read beyond its end
            for start in range(0, taken.num_rows, _BATCH):
                for row in taken.slice(start, _BATCH).to_pylist():
                    number += 1
                    yield JsonRow(number, row)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(
            f"{file.location} row {number + 1}: not an Arrow file that can be read ({_first_line(error)}); write or "
            "copy it again, or save it as Parquet"
        ) from None


def _batches(file: SourceFile) -> Iterator[pa.RecordBatch]:
    """Yield the record batches as they are stored, from a memory map."""
    with pa.memory_map(str(file.path)) as mapped:
        begins, _ = mapped.read(len(_FILE)), mapped.seek(0)
        if begins == _FILE:
            with pa.ipc.open_file(mapped) as table:
                for index in range(table.num_record_batches):
                    yield table.get_batch(index)
        else:
            with pa.ipc.open_stream(mapped) as stream:
                yield from stream


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
