import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.evaluation.examples import Example, choose_examples

rows = st.lists(st.tuples(st.text(max_size=30), st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("count", "lengths"), [(0, []), (1, [6]), (2, [3, 8]), (5, [2, 4, 6, 8, 10]), (99, list(range(1, 11)))]
)
def test_spread_over_the_lengths(count, lengths):
    sources = ["x" * length for length in (10, 3, 1, 7, 2, 9, 5, 4, 8, 6)]
    chosen = choose_examples(sources, sources, sources, count)
    assert [len(example.source) for example in chosen] == lengths


@given(rows, st.integers(0, 40), st.randoms())
def test_rows_stay_together_and_their_order_changes_nothing(table, count, random):
    chosen = choose_examples(*zip(*table, strict=True), count)
    assert len(chosen) == min(count, len(table))
    assert {(each.source, each.reference, each.hypothesis) for each in chosen} <= set(table)
    shuffled = random.sample(table, len(table))
    again = choose_examples(*zip(*shuffled, strict=True), count)
    assert [(each.source, each.reference) for each in again] == [(each.source, each.reference) for each in chosen]


def test_hypotheses_do_not_sway_the_choice():
    sources = ["a", "bb", "ccc"]
    good = choose_examples(sources, sources, ["right"] * 3, 2)
    bad = choose_examples(sources, sources, ["wrong"] * 3, 2)
    assert [each.source for each in good] == [each.source for each in bad]


def test_no_rows_no_examples():
    assert choose_examples([], [], [], 3) == []
    assert choose_examples(["a"], ["b"], ["c"], 3) == [Example("a", "b", "c")]
