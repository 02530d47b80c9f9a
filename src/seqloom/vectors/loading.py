"""Reading the vectors of a finished stage; it needs numpy alone, for it also runs on a bare GPU box."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE_FILE = "source.npy"
TARGET_FILE = "target.npy"

Matrix = NDArray[np.float32]  # (V, D)


def load_vectors(folder: Path, side: str) -> Matrix | None:
    """The matrix of `side`, row by row with its vocabulary, or None where the model starts from random embeddings."""
    path = folder / {"source": SOURCE_FILE, "target": TARGET_FILE}[side]
    if not path.exists():
        return None
    matrix: Matrix = np.load(path, allow_pickle=False)
    return matrix
