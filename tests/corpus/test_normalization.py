import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.normalization import normalize

ANY_CHARACTER = st.characters(exclude_categories=())  # halves of surrogate pairs too


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a dog", "a dog", id="plain"),
        pytest.param("", "", id="empty"),
        pytest.param(" \t\r\n ", "", id="only space"),
        pytest.param("a \t\n b", "a b", id="runs of space"),
        pytest.param("a\u00a0\u2003\u3000b\u2028c", "a b c", id="spaces of Unicode"),
        pytest.param("a\x00\x07b\x7f", "ab", id="controls, ASCII"),
        pytest.param("ä\x00\x9fb", "äb", id="controls"),
        pytest.param("a\x1fb\x85c", "a b c", id="controls that are space"),
        pytest.param("\ufeffä\ufeff b", "ä b", id="byte order mark"),
        pytest.param("a \ufeff b", "a b", id="byte order mark between spaces"),
        pytest.param("e\u0301", "é", id="composed"),
        pytest.param("e\ufeff\u0301", "é", id="composed over what is dropped"),
        pytest.param("ﬁ ½ Ａ", "ﬁ ½ Ａ", id="compatibility characters stay"),
        pytest.param("نمی\u200cخواهم", "نمی\u200cخواهم", id="non-joiner stays"),
        pytest.param("👩\u200d🌾", "👩\u200d🌾", id="joiner stays"),
        pytest.param("\ud800a", "a", id="half a surrogate pair"),
        pytest.param("▁the▁cat", "_the_cat", id="word mark"),
        pytest.param("他 来了。", "他 来了。", id="Chinese"),
    ],
)
def test_normalize(text: str, expected: str) -> None:
    assert normalize(text) == expected


@given(st.text(ANY_CHARACTER))
def test_twice_changes_nothing(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@given(st.text(ANY_CHARACTER))
def test_what_is_promised_of_every_text(text: str) -> None:
    once = normalize(text)
    assert unicodedata.is_normalized("NFC", once)
    assert once == " ".join(once.split())
    assert not any(unicodedata.category(character) in ("Cc", "Cs") or character in "\ufeff▁" for character in once)
    once.encode()


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_goes_the_same_way(text: str) -> None:
    assert normalize(f"{text} ä") == f"{normalize(text)} ä".lstrip()
