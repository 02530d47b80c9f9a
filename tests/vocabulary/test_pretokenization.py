"""Space marks, and the segmentation of Chinese."""

import pytest

from seqloom.vocabulary.pretokenization import BREAK, mark, segment_han, splitter
from seqloom.vocabulary.special_tokens import MARK
from seqloom.vocabulary.word_counts import words_of


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("", ""),
        ("a dog", "▁a▁dog"),
        ("北京 dog", "北京▁dog"),
        ("(a)", "▁(a)"),
        ("食べる", "食べる"),
        ("한국어", "▁한국어"),
    ],
)
def test_the_mark_stands_for_a_space(text: str, marked: str) -> None:
    assert mark(text) == marked


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("a dog", "a dog"),
        ("北京大学", "北京大学"),
        ("我在北京", "我|在|北京"),
        ("用Python写", "用|Python|写"),
        ("in 北京 now", "in 北京| now"),
        ("한국어 カタカナ", "한국어 カタカナ"),
    ],
)
def test_only_runs_of_han_are_broken(text: str, broken: str) -> None:
    assert segment_han(text) == broken.replace("|", BREAK)


@pytest.mark.parametrize(
    ("marked", "pieces"),
    [
        ("▁don't", ["▁don", "'", "t"]),
        ("▁(a▁b)", ["▁(", "a", "▁b", ")"]),
        ("▁12.5", ["▁1", "2", ".", "5"]),
        ("▁</s>", ["▁<", "/", "s", ">"]),
        ("▁हिन्दी", ["▁हिन्दी"]),
        ("北京|大学，", ["北京", "大学", "，"]),
        ("北京|▁now", ["北京", "▁now"]),
    ],
)
def test_cuts_are_between_words_digits_and_signs(marked: str, pieces: list[str]) -> None:
    assert [piece for piece, _ in splitter().pre_tokenize_str(marked.replace("|", BREAK))] == pieces


def test_latin_and_cyrillic_are_cut_as_all_text_is() -> None:
    cut = splitter()
    every = [chr(code) for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000 and chr(code) not in (MARK, BREAK)]
    signs = [chr(code) for code in range(1, 0x600)]
    units = [*every, *(f"{MARK}a{sign}b1{MARK}{sign}{MARK}" for sign in signs), MARK, MARK * 3, "", "ab", "1a", "ä́b"]
    for unit in units:
        assert words_of(unit) == [piece for piece, _ in cut.pre_tokenize_str(unit)], unit
