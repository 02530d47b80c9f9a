"""What is hidden of a source: shares, and what is asked of whom."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.masked_batch import make_masked_batch
from seqloom.dataset.padded_batch import pad_sources
from seqloom.vocabulary.special_tokens import END, PADDING, UNKNOWN

CORPUS = np.arange(4, 1000, dtype=np.int32)


@settings(max_examples=60)
@given(rows=st.lists(st.lists(st.integers(4, 50), max_size=9), min_size=1, max_size=5), seed=st.integers(0))
def test_what_is_not_asked_stands_as_it_was(rows: list[list[int]], seed: int) -> None:
    sources = [np.array(row, dtype=np.int32) for row in rows]
    batch = make_masked_batch(sources, [(seed, row) for row in range(len(rows))], CORPUS)
    plain = pad_sources(sources)
    asked = batch.target_output != PADDING
    assert batch.target_output[asked].equal(plain[asked])
    assert batch.source[~asked].equal(plain[~asked])
    assert asked.any(dim=1).all(), "something of every source"
    assert batch.source[plain == END].eq(END).all()
    assert not asked[plain == PADDING].any()
    assert batch.tokens == int(asked.sum())


def test_fifteen_in_a_hundred_are_asked_eight_of_ten_hidden_one_replaced_and_one_left() -> None:
    source = np.full(200_000, 4, dtype=np.int32)
    batch = make_masked_batch([source], [(1, 2)], CORPUS)
    asked = batch.target_output[0] != PADDING
    read = batch.source[0][asked]
    figures = [asked.float().mean(), (read == UNKNOWN).float().mean(), (read == 4).float().mean()]
    np.testing.assert_allclose(figures, [0.15, 0.8, 0.1], atol=0.01)
    replaced = read[(read != UNKNOWN) & (read != 4)]
    assert len(replaced.unique()) > 900, "by any token"


@pytest.mark.parametrize("length", [1, 2, 5])
def test_every_place_is_asked_about_as_often(length: int) -> None:
    """The first, the last and the end that follows it, of short texts as well."""
    source = np.arange(4, 4 + length, dtype=np.int32)
    rows = 4000
    batch = make_masked_batch([source] * rows, [(1, row) for row in range(rows)], CORPUS)
    asked = (batch.target_output != PADDING).float().mean(dim=0).numpy()
    nothing = 0.85 ** (length + 1)  # of all places fell to no question: then one of the tokens gets it
    np.testing.assert_allclose(asked, [0.15 + nothing / length] * length + [0.15], atol=0.02)
