"""Rows in the order of the vocabulary, and loading them with numpy alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqloom.vectors.embedding_matrix import build_matrix, load_vectors
from seqloom.vocabulary.special_tokens import PADDING, SPECIAL_TOKENS, UNKNOWN

KNOWN = {token: np.full(3, number, np.float32) for number, token in enumerate(["dog", "cat", "</s>", "<pad>"], 1)}


@given(words=st.lists(st.sampled_from(["dog", "cat", "bird", "fish", "狗"]), unique=True))
def test_each_row_is_that_of_its_token(words: list[str]) -> None:
    tokens = [*SPECIAL_TOKENS, *words]
    aligned = build_matrix(tokens, KNOWN.get, 3, seed=1)
    assert aligned.matrix.shape == (len(tokens), 3)
    assert aligned.matrix.dtype == np.float32
    assert not aligned.matrix[PADDING].any()
    for row, found, token in zip(aligned.matrix[1:], aligned.found[1:], tokens[1:], strict=True):
        assert found == (token in KNOWN)
        assert not found or np.array_equal(row, KNOWN[token])


def test_unknown_is_the_mean_unless_it_was_learned() -> None:
    tokens = [*SPECIAL_TOKENS, "dog", "cat"]
    mean = build_matrix(tokens, {"dog": np.zeros(2, np.float32), "cat": np.ones(2, np.float32)}.get, 2, seed=1)
    assert mean.matrix[UNKNOWN].tolist() == [0.5, 0.5]
    own = build_matrix(tokens, {"<unk>": np.full(2, 7, np.float32)}.get, 2, seed=1)
    assert own.matrix[UNKNOWN].tolist() == [7, 7]


def test_rows_not_found_are_random_where_the_found_lie_and_the_same_every_time() -> None:
    tokens = [*SPECIAL_TOKENS, *(str(number) for number in range(2000))]
    found = {str(number): np.random.default_rng(number).normal(2, 0.3, 8).astype(np.float32) for number in range(1000)}
    one, two = (build_matrix(tokens, found.get, 8, seed=5).matrix for _ in range(2))
    assert np.array_equal(one, two)
    assert abs(one[1004:].std() - 0.3) < 0.02
    assert abs(one[1004:].mean() - 2) < 0.02


def test_coverage_counts_occurrences() -> None:
    aligned = build_matrix([*SPECIAL_TOKENS, "dog", "bird"], KNOWN.get, 3, seed=1)
    assert aligned.coverage(np.array([0, 0, 0, 0, 9, 1])) == 0.9
    assert aligned.coverage(np.array([0, 0, 0, 0, 1, 0])) == 1.0
    assert aligned.coverage(np.zeros(6, np.int64)) == 0.0


def test_one_found_leaves_the_others_apart() -> None:
    matrix = build_matrix(
        [*SPECIAL_TOKENS, "dog", "bird", "fish"], {"dog": np.ones(4, np.float32)}.get, 4, seed=1
    ).matrix
    assert len(np.unique(matrix[1:], axis=0)) == len(matrix) - 2  # the unknown token is as good as the one found


def test_nothing_found_is_still_a_matrix() -> None:
    matrix = build_matrix([*SPECIAL_TOKENS, "dog"], {}.get, 4, seed=1).matrix
    assert np.isfinite(matrix).all()
    assert matrix[1:].any(axis=1).all()


def test_two_that_are_found_say_where_the_others_lie() -> None:
    """Each number around its own mean, wherever that is."""
    middle = np.array([30, -30, 5, 0], np.float32)
    found = {"dog": middle + 0.01, "cat": middle - 0.01}
    matrix = build_matrix([*SPECIAL_TOKENS, "dog", "cat", *"abcdefgh"], found.get, 4, seed=1).matrix
    np.testing.assert_allclose(matrix[6:], np.tile(middle, (8, 1)), atol=0.06)
    assert matrix[6:].std(axis=0).min() > 0.001


def test_a_vector_of_padding_counts_as_none() -> None:
    assert build_matrix([*SPECIAL_TOKENS, "dog"], KNOWN.get, 3, seed=1).found.tolist() == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_a_side_without_vectors_is_none(tmp_path: Path) -> None:
    matrix = np.ones((3, 2), np.float32)
    np.save(tmp_path / "target.npy", matrix)
    assert load_vectors(tmp_path, "source") is None
    loaded = load_vectors(tmp_path, "target")
    assert loaded is not None
    assert np.array_equal(loaded, matrix)


def test_loading_needs_nothing_but_numpy() -> None:
    program = (
        "import sys, seqloom.vectors.embedding_matrix, seqloom.vocabulary.special_tokens;"
        "sys.exit(bool({'gensim', 'tokenizers', 'pandas', 'pydantic', 'rjieba'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
