"""The nearest tokens of a few frequent words: a look at what the vectors learned."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.vectors.embedding_matrix import Aligned
from seqloom.vocabulary.pretokenization import starts_with_han
from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS


def find_neighbors(
    tokens: Sequence[str], aligned: Aligned, counts: NDArray[np.int64], words: int = 5, nearest: int = 5
) -> dict[str, list[str]]:
    """Return the `nearest` tokens by cosine to each of the `words` most frequent words, nearest first.

    Tokens that do not occur (`counts` of each, (V,)) or whose row is a guess are nobody's neighbors.
    """
    candidates = np.flatnonzero(aligned.found & (counts > 0))
    candidates = candidates[candidates >= len(SPECIAL_TOKENS)]
    rows = aligned.matrix[candidates]  # (C, D)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    by_frequency = np.argsort(-counts[candidates], kind="stable")
    chosen = [place for place in by_frequency if _is_word(tokens[candidates[place]])][:words]
    found = {}
    for place in chosen:
        order = np.argsort(-(rows @ rows[place]), kind="stable")
        others = [other for other in order if other != place][:nearest]
        found[tokens[candidates[place]]] = [tokens[candidates[other]] for other in others]
    return found


def _is_word(token: str) -> bool:
    """Return whether a token reads as a word: two letters or more, from the head of one where words have spaces."""
    word = token.removeprefix(MARK)
    letters = all(unicodedata.category(character)[0] in "LM" for character in word)  # vowel signs are marks
    return len(word) >= 2 and letters and (token.startswith(MARK) or starts_with_han(word))
