"""A map of words in two dimensions: the principal components of their vectors.

W words, D width.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.vectors.nearest_neighbors import is_word
from seqloom.vocabulary.special_tokens import MARK

WORDS = 60  # on a map
_FEW = 5  # of fewer there is no map


def word_map(tokens: Sequence[str], matrix: NDArray[np.float32], counts: NDArray[np.int64]) -> dict[str, Any]:
    """Return the place of each of the commonest words, from -1 to 1, and the share of the variance that it shows.

    `matrix` `(V, D)` has the vector of each token, `counts` `(V,)` how often each occurs. Vectors are of length 1, so
    that near words are those with a large cosine.
    """
    by_frequency = np.argsort(-counts, kind="stable")
    chosen = [index for index in by_frequency.tolist() if counts[index] > 0 and is_word(tokens[index])][:WORDS]
    if len(chosen) < _FEW:
        return {"words": [], "variance": 0.0}
    rows = matrix[chosen].astype(np.float64)  # (W, D)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    rows -= rows.mean(axis=0)
    left, spread, _ = np.linalg.svd(rows, full_matrices=False)
    places = left[:, :2] * spread[:2]  # (W, 2)
    places *= np.where(places[np.abs(places).argmax(axis=0), range(places.shape[1])] < 0, -1.0, 1.0)  # of either sign
    if places.shape[1] < 2:
        places = np.pad(places, ((0, 0), (0, 1)))
    places /= max(float(np.abs(places).max()), 1e-12)
    shown = float((spread[:2] ** 2).sum() / max(float((spread**2).sum()), 1e-12))
    words = [
        {"word": tokens[index].removeprefix(MARK), "x": round(float(x), 4), "y": round(float(y), 4)}
        for index, (x, y) in zip(chosen, places, strict=True)
    ]
    return {"words": words, "variance": round(shown, 4)}
