"""Units of plain text, which Arrow counts, are those of all text."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.vocabulary.pretokenization import BREAK
from seqloom.vocabulary.special_tokens import MARK
from seqloom.vocabulary.word_counts import END_OF_TEXT, count_units, split_units

EDGES = st.sampled_from(" \t\n\x1c\x85\xa0\xad\u02b0\u0301\u0483\u2000\u2028\ufeff" + MARK + BREAK + "aÄжå한北犬’€")
TEXTS = st.lists(st.text(EDGES | st.characters(exclude_categories=["Cs"]), max_size=8), max_size=6)


def slowly(texts: list[str], breaks_han: bool, keep: bool) -> Counter[str]:
    units = Counter(split_units(texts, breaks_han, keep))
    del units[END_OF_TEXT]
    return units


@settings(deadline=None, max_examples=150)
@given(TEXTS, st.booleans(), st.booleans())
def test_units_are_counted_as_they_are_split(texts: list[str], breaks_han: bool, keep: bool) -> None:
    assert count_units(texts, breaks_han, keep) == slowly(texts, breaks_han, keep)


@pytest.mark.parametrize("keep", [False, True])
def test_every_character_of_the_basic_plane_beside_letters(keep: bool) -> None:
    codes = [code for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000]
    texts = [f"a{chr(code)} b{chr(code)}c" for code in codes]
    assert count_units(texts, False, keep) == slowly(texts, False, keep)
