"""The map of words: principal components of their directions, and a drawing whose words do not overlap."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from seqloom.reports.word_vectors_section import word_map_drawing
from seqloom.vectors.word_map import WORDS, word_map

LETTERS = "".join(map(chr, range(97, 123)))
TOKENS = [
    "<pad>",
    "<unk>",
    "<s>",
    "</s>",
    *(f"▁{a}{b}" for a, b in itertools.product(LETTERS, "ab")),
    "▁,",
    "ing",
    "你好",
]


def test_places_are_those_of_the_principal_components() -> None:
    matrix = np.random.default_rng(1).normal(size=(len(TOKENS), 12)).astype(np.float32)
    counts = np.arange(len(TOKENS), 0, -1)
    found = word_map(TOKENS, matrix, counts)
    names = [each["word"] for each in found["words"]]
    assert names == [token.removeprefix("▁") for token in [*TOKENS[4:56], "你好"]][:WORDS]
    rows = matrix[[*range(4, 56), len(TOKENS) - 1]][:WORDS].astype(float)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    pca = PCA(2).fit(rows)
    places, ours = pca.transform(rows), np.array([[each["x"], each["y"]] for each in found["words"]])
    places /= np.abs(places).max()
    assert np.abs(np.abs(places) - np.abs(ours)).max() < 1e-3
    assert found["variance"] == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-3)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_narrow_and_equal_vectors_have_places_too(width: int) -> None:
    for matrix in (np.ones((len(TOKENS), width), np.float32), np.zeros((len(TOKENS), width), np.float32)):
        found = word_map(TOKENS, matrix, np.ones(len(TOKENS), np.int64))
        assert all(abs(each["x"]) <= 1 and abs(each["y"]) <= 1 for each in found["words"])
    assert word_map(TOKENS, matrix, np.zeros(len(TOKENS), np.int64))["words"] == []


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.text(min_size=1, max_size=30)), max_size=30))
def test_words_stay_inside_and_every_dot_is_there(places: list[tuple[float, float, str]]) -> None:
    drawn = word_map_drawing([{"x": x, "y": y, "word": word} for x, y, word in places])
    assert drawn.count("<circle") == len(places)
    for x, anchor in re.findall(r'<text x="([-0-9.]+)" .*?text-anchor="(start|end)"', drawn):
        assert 0 <= float(x) <= 720, anchor
