"""The files of a corpus' features, and their width and scale; a training reads them with NumPy alone.

`SPLIT.frames` holds the frames of all rows end to end, `(total, F)` in float32; `SPLIT.frames.offsets.npy` where each
row begins, `(N + 1,)`; `features.json` their mean and standard deviation over the training split.
"""

import json
from dataclasses import dataclass
from pathlib import Path

FEATURES_FILE = "features.json"


@dataclass(frozen=True)
class FeatureStatistics:
    """Width and scale of the features of a corpus."""

    role: str  # beside the text or instead of it
    mean: list[float]  # F numbers, over the training split
    deviation: list[float]

    @property
    def width(self) -> int:
        """Return the features of a frame."""
        return len(self.mean)

    @classmethod
    def load(cls, folder: Path) -> "FeatureStatistics | None":
        """Read what `write_features` wrote; None where rows have no features."""
        file = folder / FEATURES_FILE
        return cls(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def reads_no_text(folder: Path) -> bool:
    """Return whether features stand in place of the source's text."""
    statistics = FeatureStatistics.load(folder)
    return statistics is not None and statistics.role == "instead"


def frames_path(folder: Path, split: str) -> Path:
    """Return the file of the frames of a split."""
    return folder / f"{split}.frames"


def offsets_path(folder: Path, split: str) -> Path:
    """Return the file with the first frame of each row of a split."""
    return folder / f"{split}.frames.offsets.npy"
