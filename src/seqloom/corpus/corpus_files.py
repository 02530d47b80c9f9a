"""Parquet files of a corpus: a writer of splits and rejects, and readers for the later stages."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seqloom.corpus import SIDES, SPLITS
from seqloom.corpus.feature_files import with_frames
from seqloom.corpus.feature_statistics import reads_no_text
from seqloom.corpus.source_context import join_context
from seqloom.recipe.sampling_weights import TAUGHT

if TYPE_CHECKING:
    import pandas as pd

REPORT_FILE = "report.json"
REJECTS_FILE = "rejects.parquet"
SOURCE_DIGEST = "source_digest"  # a fact: one digest of all files that the corpus was built of


def keeps_whitespace(folder: Path) -> bool:
    """Return whether white space was kept when the corpus in `folder` was built."""
    return _report(folder).get("whitespace") == "keep"


def rows_by_source(folder: Path, split: str) -> dict[str, int]:
    """Return the number of rows of each source in a split, in their order there; empty where there is only one.

    Pairs of a teacher are a source behind the others.
    """
    report = _report(folder)
    if "taught" in report and split == "train":
        added = report["taught"]["kept"]
        return {"": report["rows"]["train"] - added, TAUGHT: added}
    return {name: counts["rows"][split] for name, counts in report.get("sources", {}).items()}


def _report(folder: Path) -> dict[str, Any]:
    file = folder / REPORT_FILE
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return report


def read_split(folder: Path, split: str) -> "pd.DataFrame":
    """Read all rows of a split, with the columns source, target, origin and line; sources have features, if any."""
    import pandas as pd

    return with_frames(pd.read_parquet(folder / f"{split}.parquet"), folder, split)


def iterate_split(
    folder: Path, split: str, columns: Sequence[str] = ("source", "target"), rows: int = 50_000
) -> "Iterator[pd.DataFrame]":
    """Yield a split in order, `rows` rows at a time, so that memory does not grow with its size."""
    for batch in _record_batches(folder, split, columns, rows):
        yield batch.to_pandas()


def iterate_columns(
    folder: Path, split: str, columns: Sequence[str] = ("source", "target"), rows: int = 50_000
) -> Iterator[dict[str, list[Any]]]:
    """Yield the same as lists by column, without pandas, half a second to import."""
    for batch in _record_batches(folder, split, columns, rows):
        yield batch.to_pydict()


def _record_batches(folder: Path, split: str, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(folder / f"{split}.parquet") as file:
        yield from file.iter_batches(batch_size=rows, columns=list(columns))


def iterate_inputs(
    folder: Path, split: str, columns: Sequence[str] = ("source", "target"), rows: int = 50_000
) -> Iterator[dict[str, list[Any]]]:
    """Yield a split as a model reads it: as `iterate_columns`, with its context after each source that has one.

    Where features stand in place of the text, sources are empty.
    """
    parts = iterate_columns(folder, split, columns, rows)
    if "source" not in columns:
        yield from parts
    elif reads_no_text(folder):
        yield from ({**part, "source": [""] * len(part["source"])} for part in parts)
    elif not context_path(folder, split).is_file():
        yield from parts
    else:
        with pq.ParquetFile(context_path(folder, split)) as file:
            for part, contexts in zip(parts, file.iter_batches(batch_size=rows), strict=True):
                pairs = zip(part["source"], contexts["context"].to_pylist(), strict=True)
                yield {**part, "source": [join_context(*pair) for pair in pairs]}


def context_path(folder: Path, split: str) -> Path:
    """Return the file with the context of each row of a split, which only some corpora have."""
    return folder / f"{split}.context.parquet"


CHUNK = 50_000  # rows held before they are written, each chunk one row group
SHOWN = 200  # characters of a rejected text

_PLACE = pa.dictionary(pa.int32(), pa.string())
_SIDES = [("source", pa.string()), ("target", pa.string())]
_KEPT = pa.schema([*_SIDES, ("origin", _PLACE), ("line", pa.int32())])
_OF_SOURCES = _KEPT.append(pa.field("source_name", _PLACE))
CONTEXT_SCHEMA = pa.schema([("context", pa.string())])
_REJECTED = pa.schema([("reason", _PLACE), ("file", _PLACE), ("line", pa.int32()), *_SIDES, ("problem", pa.string())])


def storable(text: str) -> str:
    """Replace surrogates of undecodable bytes by question marks, so that UTF-8 can hold the text."""
    return text.encode("utf-8", "replace").decode()


class TableWriter:
    """Writer of one Parquet file, in row groups of `CHUNK` rows; the same rows give the same bytes."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, *columns: pa.Array) -> None:
        """Write rows, a column each in the order of the schema; places are plain texts."""
        table = pa.table(list(columns), self._schema.names)
        while self._rows + len(table) >= CHUNK:
            size = CHUNK - self._rows
            self._waiting.append(table.slice(0, size))
            self._flush()
            table = table.slice(size)
        if len(table):
            self._waiting.append(table)
            self._rows += len(table)

    def close(self) -> None:
        """Write the buffered rows and the end of the file."""
        if self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        table = pa.concat_tables(self._waiting).combine_chunks()
        arrays = [_cast(column, field.type) for column, field in zip(table.columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting, self._rows = [], 0


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column.dictionary_encode() if kind == _PLACE else column.cast(kind)


class CorpusWriter:
    """Writer of the Parquet files of a corpus: one per split, and the rejects."""

    def __init__(self, folder: Path, has_sources: bool = False) -> None:
        """Create the files; those of a recipe with several sources name that of each row."""
        self._has_sources, schema = has_sources, _OF_SOURCES if has_sources else _KEPT
        self._splits = {split: TableWriter(folder / f"{split}.parquet", schema) for split in SPLITS}
        self._rejects = TableWriter(folder / REJECTS_FILE, _REJECTED)

    def keep(self, split: str, pairs: pa.Table, source_name: str = "") -> None:
        """Write pairs of one source to their split, by the columns source, target, origin and line."""
        columns = [pairs[name] for name in _KEPT.names]
        self._splits[split].add(*columns, *([pa.array([source_name] * len(pairs))] if self._has_sources else []))

    def reject(self, rows: pa.Table) -> None:
        """Write rows to the rejects, with their texts cut off; their problem explains their reason."""
        shown = (pc.utf8_slice_codeunits(rows[side], 0, SHOWN) for side in SIDES)
        self._rejects.add(rows["reason"], rows["origin"], rows["line"], *shown, rows["problem"])

    def close(self) -> None:
        """Complete the files."""
        for writer in (*self._splits.values(), self._rejects):
            writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
