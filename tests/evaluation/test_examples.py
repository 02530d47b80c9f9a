from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.evaluation.examples import Example, Merit, choose_examples, short_source

rows = st.lists(
    st.tuples(
        st.text(max_size=30), st.text(max_size=5), st.text(max_size=5), st.builds(Merit, st.floats(-9, 9), st.text())
    ),
    min_size=1,
    max_size=30,
)
SCORES = [10, 3, 1, 7, 2, 9, 5, 4, 8, 6, 11]


@pytest.mark.parametrize(
    ("count", "scores", "ranks"),
    [
        (0, [], []),
        (1, [6], ["median"]),
        (2, [11, 1], ["best of 11", "worst of 11"]),
        (3, [11, 6, 1], ["best of 11", "median", "worst of 11"]),
        (5, [11, 8, 6, 3, 1], ["best of 11", "number 4 of 11", "median", "number 9 of 11", "worst of 11"]),
        (99, list(range(11, 0, -1)), None),
    ],
)
def test_from_the_best_to_the_worst(count, scores, ranks):
    texts = [str(score) for score in SCORES]
    chosen = choose_examples(texts, texts, texts, [Merit(score, f"chrF {score}") for score in SCORES], count)
    assert [int(example.source) for example in chosen] == scores
    assert all(example.rank.endswith(f", chrF {example.source}") for example in chosen)
    if ranks is not None:
        assert [example.rank.rpartition(",")[0] for example in chosen] == ranks


@given(rows, st.integers(0, 40), st.randoms())
def test_rows_stay_together_and_their_order_changes_nothing(table, count, random):
    chosen = choose_examples(*zip(*table, strict=True), count)
    assert len(chosen) == min(count, len(table))
    told = {(source, reference, hypothesis) for source, reference, hypothesis, _ in table}
    assert {(each.source, each.reference, each.hypothesis) for each in chosen} <= told
    shuffled = random.sample(table, len(table))
    again = choose_examples(*zip(*shuffled, strict=True), count)
    assert [each.source for each in again] == [each.source for each in chosen]
    if count > 1 and len(table) > 1:
        values = [merit.value for *_, merit in table]
        best, worst = chosen[0], chosen[-1]
        assert any((*told, merit.value)[0::3] == (best.source, max(values)) for *told, merit in table)
        assert any((*told, merit.value)[0::3] == (worst.source, min(values)) for *told, merit in table)


def test_of_equals_the_longest_source_comes_first():
    sources = ["a", "ccc", "bb"]
    [first, *_] = choose_examples(sources, sources, sources, [Merit(100.0, "chrF 100.0")] * 3, 2)
    assert first == Example("best of 3, chrF 100.0", "ccc", "ccc", "ccc")


def test_no_rows_no_examples():
    assert choose_examples([], [], [], [], 3) == []
    assert choose_examples(["a"], ["b"], ["c"], [Merit(1.0, "s")], 3) == [Example("the only one, s", "a", "b", "c")]


@given(rows, st.integers(1, 40))
def test_what_goes_in_is_shown_by_a_short_source_that_is_answered_well(table, count):
    chosen = choose_examples(*zip(*table, strict=True), count)
    shown = short_source([asdict(example) for example in chosen], "…")
    told = [example.source for example in chosen if example.source.strip()]
    better = told[: max(1, len(told) // 2)]
    assert (shown in better and len(shown) == min(map(len, better))) if told else shown == "…"


def test_the_worst_is_not_shown_though_it_is_the_shortest():
    ranked = ["The park is open.", "Open the window.", " ", "a long sentence that is answered badly", "Hi."]
    assert short_source([{"source": source} for source in ranked], "…") == "Open the window."
    assert short_source([{"source": ""}], "…") == short_source([], "…") == "…"
