"""Nearest tokens by cosine."""

import numpy as np
import pytest

from seqloom.vectors.embedding_matrix import EmbeddingMatrix
from seqloom.vectors.nearest_neighbors import find_neighbors
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

TOKENS = [*SPECIAL_TOKENS, "▁dog", "▁hound", "▁tree", ",", "er", "▁a", "北京", "▁never"]
ROWS = [[1, 0]] * 4 + [[1, 0], [9, 1], [0, 1], [1, 1], [1, -1], [-1, 0], [-2, 1], [1, 0]]
COUNTS = np.array([0, 5, 90, 90, 8, 2, 4, 30, 20, 40, 6, 0])


@pytest.fixture
def aligned() -> EmbeddingMatrix:
    return EmbeddingMatrix(np.array(ROWS, np.float32), np.arange(len(TOKENS)) > 0)


def test_frequent_words_come_with_their_nearest(aligned: EmbeddingMatrix) -> None:
    neighbors = find_neighbors(TOKENS, aligned, COUNTS, words=3, nearest=2)
    assert list(neighbors) == ["▁dog", "北京", "▁tree"]
    assert neighbors["▁dog"] == ["▁hound", ","]
    assert neighbors["北京"] == ["▁a", "▁tree"]


def test_no_words_have_no_neighbors(aligned: EmbeddingMatrix) -> None:
    assert find_neighbors(TOKENS, aligned, np.zeros(len(TOKENS), np.int64)) == {}


def test_a_word_with_vowel_signs_is_a_word() -> None:
    tokens = [*SPECIAL_TOKENS, "▁की", "▁घर", "▁12", "▁a-b"]
    aligned = EmbeddingMatrix(np.eye(len(tokens), dtype=np.float32), np.arange(len(tokens)) > 3)
    assert list(find_neighbors(tokens, aligned, np.arange(len(tokens)))) == ["▁घर", "▁की"]


def test_five_words_with_five_neighbors_are_shown() -> None:
    tokens = [*SPECIAL_TOKENS, *(f"▁word{letter}" for letter in "abcdefgh")]
    aligned = EmbeddingMatrix(np.eye(len(tokens), dtype=np.float32), np.arange(len(tokens)) > 3)
    found = find_neighbors(tokens, aligned, np.arange(len(tokens)))
    assert list(found) == [f"▁word{letter}" for letter in "hgfed"]
    assert {len(nearest) for nearest in found.values()} == {5}
