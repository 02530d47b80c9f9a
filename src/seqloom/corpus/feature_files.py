"""The features of a corpus' rows: read from the column of its Parquet files, written beside each split.

N rows, R frames of a row, F features of a frame.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seqloom.corpus import SPLITS
from seqloom.corpus.feature_statistics import FEATURES_FILE, FeatureStatistics, frames_path, offsets_path
from seqloom.corpus.framed_text import FramedText, Frames, frames_of
from seqloom.corpus.sources import SourceFile, Sources
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.schema import CorpusSection

if TYPE_CHECKING:
    import pandas as pd

_LEAST_DEVIATION = 1e-5  # of a feature that never changes


def write_features(section: CorpusSection, sources: Sources, folder: Path, progress: Progress) -> dict[str, Any]:
    """Write the features of the rows that were kept to the folder of the corpus; return the facts.

    Raises:
        UserError: a file is not Parquet or lacks the column, or a row has no features, others or of another width.
    """
    if not section.features:
        return {}
    columns, width, done = FeatureColumns(section.features, sources), 0, 0
    frames_by_split = {}
    for split in SPLITS:
        offsets, total, squares = [0], np.zeros(1), np.zeros(1)
        with frames_path(folder, split).open("wb") as file:
            for origin, line in _origins(folder, split):
                frames = frames_of(columns.value(origin, line), width, f"{origin} row {line}")
                width = frames.shape[1]
                frames.tofile(file)
                offsets.append(offsets[-1] + len(frames))
                total = total + frames.sum(axis=0, dtype=np.float64)
                squares = squares + np.square(frames, dtype=np.float64).sum(axis=0)
        np.save(offsets_path(folder, split), np.array(offsets, np.int64))
        done += len(offsets) - 1
        progress(done, None, "rows", "features")
        frames_by_split[split] = offsets[-1]
        if split == "train":
            mean = total / offsets[-1]
            deviation = np.sqrt(np.maximum(squares / offsets[-1] - mean**2, 0.0))
            scale = np.where(deviation < _LEAST_DEVIATION, 1.0, deviation)
            statistics = FeatureStatistics(section.feature_role, mean.tolist(), scale.tolist())
    (folder / FEATURES_FILE).write_text(json.dumps(asdict(statistics)), encoding="utf-8")
    return {"features": {"width": width, "frames": frames_by_split}}


def with_frames(table: "pd.DataFrame", folder: Path, split: str) -> "pd.DataFrame":
    """Return the rows of a split with the frames of each at its source, where the corpus has features."""
    statistics = FeatureStatistics.load(folder)
    if statistics is None:
        return table
    import pandas as pd

    offsets: NDArray[np.int64] = np.load(offsets_path(folder, split))
    flat: Frames = np.fromfile(frames_path(folder, split), np.float32).reshape(-1, statistics.width)
    rows = zip(table["source"], offsets[:-1], offsets[1:], strict=True)
    framed = [FramedText.of(text, flat[start:end]) for text, start, end in rows]
    return table.assign(source=pd.Series(framed, index=table.index, dtype=object))


class FeatureColumns:
    """The column of each Parquet file, read once."""

    def __init__(self, column: str, sources: Sources) -> None:
        self._column = column
        splits = (sources.train, sources.validation, sources.test)
        self._files = {row[0].location: row[0] for split in splits for row in split.rows}
        self._read: dict[str, pa.ChunkedArray] = {}

    def value(self, origin: str, line: int) -> object:
        """Return the features of a row, counted from 1."""
        if origin not in self._read:
            self._read = {origin: self._column_of(self._files[origin])}
        return self._read[origin][line - 1].as_py()

    def _column_of(self, file: SourceFile) -> pa.ChunkedArray:
        if file.format != "parquet":
            raise UserError(f"corpus.features: {file.location} is no Parquet file, of which features are a column")
        names = pq.read_schema(file.path).names
        if self._column not in names:
            found = ", ".join(name[:40] for name in names[:20])
            raise UserError(f"corpus.features: {file.location} has no column {self._column!r} ({found}); name one")
        return pq.read_table(file.path, columns=[self._column])[self._column]


def _origins(folder: Path, split: str) -> Iterator[tuple[str, int]]:
    """Yield file and row of each row of a split."""
    with pq.ParquetFile(folder / f"{split}.parquet") as file:
        for batch in file.iter_batches(columns=["origin", "line"]):
            origins = batch["origin"].cast(pa.string()).to_pylist()
            yield from zip(origins, batch["line"].to_pylist(), strict=True)
