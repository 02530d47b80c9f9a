"""Reading the vectors of a finished stage; it needs numpy alone, for it also runs on a bare GPU box.

A matrix whose rows follow the vocabulary, made from vectors known by their tokens.
"""

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


Lookup = Callable[[str], NDArray[np.float32] | None]  # the vector of a token, (D,), or None where it has none


@dataclass(frozen=True)
class Aligned:
    """The embeddings of one side as the model will start from them."""

    matrix: Matrix  # (V, D)
    found: NDArray[np.bool_]  # (V,) rows that are more than a guess

    def coverage(self, counts: NDArray[np.int64]) -> float:
        """Share of token occurrences, `counts` of each (V,), whose row was found."""
        return round(float(counts[self.found].sum() / max(counts.sum(), 1)), 6)


def align(tokens: Sequence[str], lookup: Lookup, width: int, seed: int) -> Aligned:
    """Look every token up; a row that is not found is drawn at random, from where those lie that are.

    Padding is zero. An unknown token that is not found gets the mean of all rows: the best guess for any word.
    """
    rows = [lookup(token) for token in tokens]
    found = np.array([row is not None for row in rows])
    known = np.array([row for row in rows if row is not None], np.float32).reshape(-1, width)  # (found, D)
    middle = known.mean(axis=0) if len(known) else np.zeros(width, np.float32)
    spread = (known - middle).std() if len(known) > 1 else 1 / width
    matrix = np.random.default_rng(seed).normal(middle, spread, (len(tokens), width)).astype(np.float32)
    if len(known):
        matrix[UNKNOWN] = middle
    matrix[found] = known
    matrix[PADDING] = 0
    found[PADDING] = False
    return Aligned(matrix, found)
