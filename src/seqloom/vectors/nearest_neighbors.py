"""Nearest neighbors of frequent words, for a look at the vectors."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.vectors.embedding_matrix import EmbeddingMatrix
from seqloom.vocabulary.pretokenization import starts_with_han
from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS


def find_neighbors(
    tokens: Sequence[str], aligned: EmbeddingMatrix, counts: NDArray[np.int64], words: int = 5, nearest: int = 5
) -> dict[str, list[str]]:
    """Return the `nearest` tokens by cosine to each of the `words` most frequent words, nearest first.

    Tokens that do not occur (`counts` `(V,)`) or whose row was drawn at random are left out.
    """
    candidates = np.flatnonzero(aligned.found & (counts > 0))
    candidates = candidates[candidates >= len(SPECIAL_TOKENS)]
    rows = aligned.matrix[candidates]  # (C, D)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    by_frequency = np.argsort(-counts[candidates], kind="stable")
    chosen = [index for index in by_frequency if is_word(tokens[candidates[index]])][:words]
    found = {}
    for index in chosen:
        order = np.argsort(-(rows @ rows[index]), kind="stable")
        others = [other for other in order if other != index][:nearest]
        found[tokens[candidates[index]]] = [tokens[candidates[other]] for other in others]
    return found


def is_word(token: str) -> bool:
    """Return whether a token reads as a word: two letters or more, from the head of one where words have spaces."""
    word = token.removeprefix(MARK)
    letters = all(unicodedata.category(character)[0] in "LM" for character in word)  # vowel signs are marks
    return len(word) >= 2 and letters and (token.startswith(MARK) or starts_with_han(word))
