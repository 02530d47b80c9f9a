"""The limit of an answer's length leaves room for every training pair, and follows their lengths."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.dataset.length_limit import LENGTH_LIMIT_FILE, LengthLimit
from seqloom.dataset.sequences import Sequences

Pairs = list[tuple[int, int]]


def sides(pairs: Pairs) -> tuple[Sequences, Sequences]:
    """Sequences of so many tokens."""
    lengths = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    offsets = np.cumsum(np.vstack([np.zeros((1, 2), dtype=np.int64), lengths]), axis=0)
    return tuple(Sequences(np.zeros(int(each[-1]), dtype=np.int32), each) for each in offsets.T)  # type: ignore[return-value]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 90)), min_size=1, max_size=40))
def test_every_training_pair_fits_with_headroom(pairs: Pairs) -> None:
    limit = LengthLimit.of(*sides(pairs))
    assert all(limit.tokens(source) >= 1.5 * (target + 1) for source, target in pairs)
    assert limit.slope >= 0
    assert limit.base >= 10
    assert limit.longer(*sides(pairs), most=10_000) == 0


@pytest.mark.parametrize(
    ("pairs", "source", "low", "high"),
    [
        pytest.param([(3, 40)] * 9 + [(16, 80)], 3, 61, 80, id="codes for paragraphs"),
        pytest.param([(n, n + n % 3) for n in range(1, 30)], 100, 150, 190, id="longer than any"),
        pytest.param([(300 + n, 8 + n % 5) for n in range(50)], 320, 20, 40, id="headlines of articles"),
        pytest.param([(0, 5)], 0, 19, 19, id="of nothing"),
    ],
)
def test_it_follows_the_lengths_of_the_pairs(pairs: Pairs, source: int, low: int, high: int) -> None:
    assert low <= LengthLimit.of(*sides(pairs)).tokens(source) <= high


def test_what_is_longer_is_counted_with_its_end() -> None:
    pairs = [(2, 5), (2, 6), (2, 7), (9, 19), (9, 20)]
    assert LengthLimit(2.0, 3.0).longer(*sides(pairs), most=20) == 2, "of 8 tokens, and of 21"
    assert LengthLimit(2.0, 3.0).longer(*sides(pairs), most=7) == 3


def test_a_checkpoint_that_says_nothing_keeps_what_it_had(tmp_path: Path) -> None:
    assert LengthLimit.load(tmp_path) == LengthLimit()
    assert [LengthLimit().tokens(words) for words in (0, 2, 32)] == [22, 26, 86]
    LengthLimit(1.25, 7.0).save(tmp_path)
    assert LengthLimit.load(tmp_path) == LengthLimit(1.25, 7.0)
    assert (tmp_path / LENGTH_LIMIT_FILE).is_file()
