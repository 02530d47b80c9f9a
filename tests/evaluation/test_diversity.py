"""Distinct-n and the share of different answers."""

import pytest

from seqloom.evaluation.diversity import distinct, diversity_scores


@pytest.mark.parametrize(
    ("answers", "language", "figures"),
    [
        (["I am.", "I am.", "you are"], "en", (4 / 6, 2 / 3, 2 / 3)),
        (["yes", "yes", "Yes."], "en", (1 / 3, 0.0, 2 / 3)),
        (["好吗", "好的"], "zh", (3 / 4, 1.0, 1.0)),
        (["", ""], "en", (0.0, 0.0, 0.5)),
    ],
)
def test_shares(answers: list[str], language: str, figures: tuple[float, ...]) -> None:
    assert tuple(score.value for score in diversity_scores(answers, language).values()) == pytest.approx(figures)


def test_no_pair_of_words_runs_over_the_end_of_an_answer() -> None:
    assert distinct([["a", "b"], ["c"]], 2) == 1.0
    assert distinct([["a"], ["b"]], 2) == 0.0
