"""The features of a corpus' rows: read from Parquet columns or NumPy files, written beside each split.

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
from seqloom.corpus.feature_array import FeatureArray
from seqloom.corpus.feature_listing import FeatureListing
from seqloom.corpus.feature_statistics import FEATURES_FILE, FeatureStatistics, frames_path, offsets_path
from seqloom.corpus.framed_text import FramedText, Frames, frames_of
from seqloom.corpus.readers import read_pairs
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
        UserError: a row has no features, others or of another width, or a file those of more or fewer rows.
    """
    if not section.features:
        return {}
    features, width, done = RowFeatures(section, sources), 0, 0
    frames_by_split = {}
    for split in SPLITS:
        offsets, total, squares = [0], np.zeros(1), np.zeros(1)
        with frames_path(folder, split).open("wb") as file:
            for origin, line in _origins(folder, split):
                value, name = features.value(origin, line)
                frames = frames_of(value, width, name)
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


class RowFeatures:
    """The features of a corpus' rows: a column of its files, numbers or names, or a file beside each of its files."""

    def __init__(self, section: CorpusSection, sources: Sources) -> None:
        self._section = section
        splits = (sources.train, sources.validation, sources.test)
        self._files = {row[0].location: row for split in splits for row in split.rows}
        self._opened = ""  # the file that is open, as rows come file by file
        self._values: _ParquetColumn | _ArrayOfLines | FeatureListing

    def value(self, origin: str, line: int) -> tuple[object, str]:
        """Return the features of the row that begins in a line of a file, and what the row is called.

        Raises:
            UserError: a file beside a text is none of features, or has them of more or fewer rows.
        """
        if origin != self._opened:
            files = self._files[origin]
            if files[0].features and files[0].features.listed:
                self._values = FeatureListing.of(files[0], self._section)
            elif files[0].features:
                self._values = _ArrayOfLines(files, files[0].features.path, self._section)
            else:
                self._values = _ParquetColumn(files[0], self._section.features)
            self._opened = origin
        return self._values.value(line)


class _ParquetColumn:
    def __init__(self, file: SourceFile, column: str) -> None:
        self._location, self._values = file.location, pq.read_table(file.path, columns=[column])[column]

    def value(self, line: int) -> tuple[object, str]:
        """Return the features of a row, counted from 1, and what it is called."""
        return self._values[line - 1].as_py(), f"{self._location} row {line}"


class _ArrayOfLines:
    def __init__(self, files: tuple[SourceFile, ...], path: Path, section: CorpusSection) -> None:
        self._location, self._array = files[0].location, FeatureArray(path, "corpus.features")
        self._lines = np.array([row.line for row in read_pairs(files, section)], np.int64)
        self._array.check_rows(len(self._lines), f"rows of {self._location}")
        if (np.diff(self._lines) <= 0).any():
            raise UserError(f"{self._location}: several rows are in one line; give a row a line, for its features")

    def value(self, line: int) -> tuple[object, str]:
        """Return the features of the row that begins in a line, and what it is called."""
        row = int(np.searchsorted(self._lines, line))
        return self._array[row], f"{self._array.path} row {row + 1} (for {self._location} line {line})"


def _origins(folder: Path, split: str) -> Iterator[tuple[str, int]]:
    """Yield file and row of each row of a split."""
    with pq.ParquetFile(folder / f"{split}.parquet") as file:
        for batch in file.iter_batches(columns=["origin", "line"]):
            origins = batch["origin"].cast(pa.string()).to_pylist()
            yield from zip(origins, batch["line"].to_pylist(), strict=True)
