"""Slices by the rarest word of a source."""

from hypothesis import given
from hypothesis import strategies as st

from seqloom.evaluation.rare_words import SELDOM, rare_word_slices

WORDS = st.lists(st.sampled_from(["red", "Hund", "नदी", "早上", "x1", "—"]), max_size=4).map(" ".join)


def test_unseen_seldom_and_well_known() -> None:
    training = [["the dog"] * SELDOM, ["the cat"], ["河 the"]]
    found = rare_word_slices(["The DOG!", "the cat", "the unicorn", "", "河河"], training)
    assert [(part.name, part.rows) for part in found] == [
        ("with a word that training lacks", [2]),
        ("rarest word seen 1 to 9 times", [1, 4]),
        ("every word seen 10 times or more", [0, 3]),
    ]


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=30))
def test_every_row_is_in_one_slice(sources: list[str], training: list[str]) -> None:
    rows = [row for part in rare_word_slices(sources, [training]) for row in part.rows]
    assert sorted(rows) == list(range(len(sources)))
