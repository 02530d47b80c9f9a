"""Parts: rows of a corpus on the disk, normalized, with what is wrong with each and the keys that compare them.

A part is an Arrow file of some ten megabytes of text, so the memory of whoever reads one is bounded. A row without a
reason is a candidate: it is kept unless an earlier row forbids it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NO_KEY = bytes(8)
_PLACE = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("target", pa.string()),
        ("origin", _PLACE),
        ("line", pa.int32()),
        ("reason", _PLACE),
        ("problem", pa.string()),
        ("layout", pa.bool_()),
        ("pair", pa.binary(8)),
        ("opening", pa.binary(8)),
        ("folded", pa.binary(8)),
        ("sides", pa.binary()),
        ("minima", pa.binary()),
        ("bands", pa.binary()),
        ("own", pa.bool_()),
        ("dialogue", pa.int32()),
        ("exchanges", pa.binary()),
    ]
)
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class PartRow(NamedTuple):
    """A row of a part; keys are 8 bytes each."""

    source: str
    target: str
    origin: str
    line: int
    reason: str | None = None  # None of a candidate
    problem: str = ""
    layout: bool = False  # the target has white space that was folded
    pair: bytes = NO_KEY  # equal ones are duplicates
    opening: bytes = NO_KEY  # no two splits share one
    folded: bytes = NO_KEY  # of the source without case, spaces and signs
    sides: bytes = b""  # keys of single sides, of each limit on them
    minima: bytes = b""  # sketch of the source, where near-duplicates are dropped
    bands: bytes = b""
    own: bool = False  # the pair is known by its exchange, a turn and its reply
    dialogue: int = -1  # number of the dialogue in the part
    exchanges: bytes = b""  # keys of those of the dialogue, with its first candidate


def write_part(path: Path, rows: Sequence[PartRow]) -> None:
    """Write rows to an Arrow file."""
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
    with pa.ipc.new_file(path, _SCHEMA, options=_OPTIONS) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA), max_chunksize=len(rows))


@dataclass(frozen=True)
class Part:
    """A part that is written."""

    path: Path
    rows: int
    given_for: str  # split of its files
    source_name: str = ""  # of the recipe's sources, where it has several

    def read(self, *columns: str) -> pa.RecordBatch:
        """Read some columns."""
        wanted = [_SCHEMA.get_field_index(column) for column in columns]
        with pa.memory_map(str(self.path)) as file:
            options = pa.ipc.IpcReadOptions(included_fields=sorted(wanted))
            return pa.ipc.open_file(file, options=options).get_batch(0).select(list(columns))

    def candidates(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        """Return which rows are candidates, of a batch with the column reason."""
        mask: NDArray[np.bool_] = batch["reason"].is_null().to_numpy(zero_copy_only=False)
        return mask


def keys_of(column: pa.Array) -> NDArray[np.uint64]:
    """Return the keys `(N,)` in a column, or all keys in its values one after the other."""
    data = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    *_, offsets, values = data.buffers() if len(data.buffers()) == 3 else (None, *data.buffers())
    if not values or not len(data):
        return np.empty(0, np.uint64)
    first, last = data.offset, data.offset + len(data)
    if data.type == pa.binary():
        first, last = np.frombuffer(offsets, np.int32)[[first, last]] // 8
    return np.frombuffer(values, ">u8", int(last - first), 8 * int(first)).astype(np.uint64)
