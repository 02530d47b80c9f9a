import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.splitting import Shares, position

SHARE = st.floats(0, 0.5)


@pytest.mark.parametrize(("text", "expected"), [("a dog", 0.992232), ("", 0.893168), ("他来了。", 0.236532)])
def test_position_is_the_same_everywhere_and_for_ever(text: str, expected: float) -> None:
    assert position(text) == pytest.approx(expected, abs=1e-6)


@given(st.text())
def test_position_is_a_share(text: str) -> None:
    assert 0.0 <= position(text) < 1.0


def test_shares_are_met() -> None:
    splits = [Shares(validation=0.1, test=0.2).split_of(f"sentence {n}") for n in range(10_000)]
    assert splits.count("validation") == pytest.approx(1_000, rel=0.1)
    assert splits.count("test") == pytest.approx(2_000, rel=0.1)


@given(text=st.text(), validation=SHARE, test=SHARE, more=SHARE)
def test_a_share_moves_its_own_split_only(text: str, validation: float, test: float, more: float) -> None:
    was, now = Shares(validation, test).split_of(text), Shares(validation, max(test, more)).split_of(text)
    assert now == was or now == "test"


@given(st.text())
def test_no_share_takes_nothing(text: str) -> None:
    assert Shares(validation=0.0, test=0.0).split_of(text) == "train"
    assert Shares(validation=0.5, test=0.5).split_of(text) != "train"
