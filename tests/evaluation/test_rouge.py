import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.evaluation.paired_bootstrap import compare
from seqloom.evaluation.rouge import ROUGE, count_rouge, new_words, repetition, rouge_of_rows, summary_scores

WORDS = st.lists(st.sampled_from("abcdef"), max_size=8)


def longest_common_subsequence(left: list[str], right: list[str]) -> int:
    if not left or not right:
        return 0
    if left[0] == right[0]:
        return 1 + longest_common_subsequence(left[1:], right[1:])
    return max(longest_common_subsequence(left[1:], right), longest_common_subsequence(left, right[1:]))


@settings(max_examples=50, deadline=None)
@given(WORDS, WORDS)
def test_rouge_is_what_its_paper_says(answer: list[str], wanted: list[str]) -> None:
    common = {
        "rouge1": sum(min(answer.count(word), wanted.count(word)) for word in set(answer)),
        "rougeL": longest_common_subsequence(answer, wanted),
    }
    for metric, rows in rouge_of_rows([*common], [" ".join(answer)], [" ".join(wanted)], "en").items():
        assert rows == pytest.approx([200 * common[metric] / max(len(answer) + len(wanted), 1)])


@pytest.mark.parametrize("language", ["zh", "ja", "", "en"])
def test_chinese_is_compared_character_by_character(language: str) -> None:
    assert count_rouge("rouge1", ["汤很凉。"], ["汤是很凉的。"], language).value == pytest.approx(200 * 3 / 8)


def test_a_corpus_scores_the_mean_of_its_rows_and_a_slice_of_its_own() -> None:
    counts = count_rouge("rougeL", ["a b", "", "a c"], ["a b", "a", "a b"], "en")
    assert counts.value == pytest.approx((100 + 0 + 50) / 3)
    assert counts.of([0, 2]) == pytest.approx(75)


def test_the_bootstrap_of_the_gate_tells_better_from_equal() -> None:
    references = [f"room {number} is cleaned" for number in range(60)]
    whole, half = (count_rouge("rougeL", texts, references, "en") for texts in (references, ["room"] * 60))
    better, equal = compare(half, whole), compare(half, half)
    assert better.difference > 0
    assert better.low > 0
    assert better.p_value < 0.01
    assert (equal.difference, equal.low, equal.high) == (0, 0, 0)


def test_what_rouge_does_not_see() -> None:
    scores = summary_scores(["a b c a b c", "x"], ["a b", "c d"], ["a b z", "x y"], "en")
    assert scores["length_ratio"].value == pytest.approx(7 / 4)
    assert scores["repetition"].value == pytest.approx(1 / 4)  # abc bca cab abc
    assert scores["new_words"].value == pytest.approx(2 / 7)  # c, twice
    assert all(score.signature for score in scores.values())
    assert "rouge-score:0." in scores["rougeL"].signature


@pytest.mark.parametrize("answer", ["", "!"])
def test_an_answer_without_words_earns_nothing_and_breaks_nothing(answer: str) -> None:
    scores = summary_scores([answer], ["!"], ["!"], "en")
    assert scores.keys() > {*ROUGE}
    assert all(math.isfinite(score.value) and score.value == 0 for score in scores.values())


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_shares_are_shares(answers: list[list[str]]) -> None:
    assert 0 <= repetition(answers) <= 1
    assert new_words(answers, answers) == 0
    assert new_words(answers, [[]] * len(answers)) == float(any(answers))
