"""Embedding matrix: word vectors in the order of the vocabulary. Needs numpy only, as training loads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.vocabulary.special_tokens import PADDING, UNKNOWN

SOURCE_FILE = "source.npy"
TARGET_FILE = "target.npy"

Matrix = NDArray[np.float32]  # (V, D)


def load_vectors(folder: Path, side: str) -> Matrix | None:
    """Load the matrix of `side`, or None if the model starts from random embeddings."""
    path = folder / {"source": SOURCE_FILE, "target": TARGET_FILE}[side]
    if not path.exists():
        return None
    matrix: Matrix = np.load(path, allow_pickle=False)
    return matrix


Lookup = Callable[[str], NDArray[np.float32] | None]  # the vector (D,) of a token, or None


@dataclass(frozen=True)
class EmbeddingMatrix:
    """Initial embeddings of one side."""

    matrix: Matrix  # (V, D)
    found: NDArray[np.bool_]  # (V,) rows with a vector, not a random draw

    def coverage(self, counts: NDArray[np.int64]) -> float:
        """Return the share of token occurrences, `counts` `(V,)`, whose row was found."""
        return round(float(counts[self.found].sum() / max(counts.sum(), 1)), 6)


def build_matrix(tokens: Sequence[str], lookup: Lookup, width: int, seed: int) -> EmbeddingMatrix:
    """Look up the vector of every token; draw missing rows from a normal distribution fitted to the others.

    Padding is zero. The unknown token, if missing, gets the mean of all rows.
    """
    rows = [lookup(token) for token in tokens]
    found = np.array([row is not None for row in rows])
    known = np.array([row for row in rows if row is not None], np.float32).reshape(-1, width)  # (found, D)
    mean = known.mean(axis=0) if len(known) else np.zeros(width, np.float32)
    spread = (known - mean).std() if len(known) > 1 else 1 / width
    matrix = np.random.default_rng(seed).normal(mean, spread, (len(tokens), width)).astype(np.float32)
    if len(known):
        matrix[UNKNOWN] = mean
    matrix[found] = known
    matrix[PADDING] = 0
    found[PADDING] = False
    return EmbeddingMatrix(matrix, found)
