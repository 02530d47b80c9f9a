"""Features of the rows of a split, read from disk on demand.

N rows, R frames of a row, F features of a frame.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.feature_statistics import FeatureStatistics, frames_path, offsets_path
from seqloom.corpus.framed_text import Frames
from seqloom.dataset.file_array import FileArray


class FrameSequences:
    """Frames of one split: all end to end, row `i` from `offsets[i]` to `offsets[i + 1]`."""

    def __init__(self, values: FileArray, offsets: FileArray, width: int) -> None:
        self._values, self._offsets, self.width = values, offsets, width

    @classmethod
    def open(cls, folder: Path, split: str) -> "FrameSequences | None":
        """Open the frames of a split; None where rows have no features."""
        statistics = FeatureStatistics.load(folder)
        if statistics is None:
            return None
        offsets = FileArray.of_npy(offsets_path(folder, split))
        return cls(FileArray(frames_path(folder, split), np.float32), offsets, statistics.width)

    def __getitem__(self, row: int) -> Frames:
        start, end = self._offsets[row : row + 2]
        frames: Frames = self._values[start * self.width : end * self.width].reshape(-1, self.width)
        return frames

    @property
    def total(self) -> int:
        """Return the number of frames of all rows."""
        return int(self._offsets[-1])

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of frames of each of these rows."""
        lengths: NDArray[np.int64] = self._offsets[rows + 1] - self._offsets[rows]
        return lengths
