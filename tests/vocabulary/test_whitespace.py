"""Where white space is kept a text comes back letter by letter, out of every vocabulary that can spell it."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.normalization import has_layout, normalize
from seqloom.recipe.schema import VocabularySection
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.vocabulary import Vocabulary
from seqloom.vocabulary.word_counts import count_for

LAID_OUT = [
    "Êtes-vous sûr\u202f? «\u00a0Oui\u00a0»",
    "def f(x):\n    if x:\n\t\treturn  x\n\n    return 0\n",
    "Dear Ms Müller,\r\n\r\n  – one\r\n  – two\r\n\r\nYours",
    "   indented, and a space behind ",
    "\n\nlines before",
    "你好\n世界 你好\u3000。",
    "\t你好",
    "- a\n- b\n\u2028c\u2029d\x0be\x0cf\x85g\u200ah",
    "a",
]
SPELLERS = ("bpe", "unigram", "char", "decomposed")


def vocabulary_of(kind: str, keep: bool = True, texts: list[str] = LAID_OUT) -> Vocabulary:
    section = VocabularySection(kind=kind, size=400, min_frequency=1)
    return train_vocabulary(count_for(kind, texts, keep), section, keep)


@pytest.fixture(scope="module", params=SPELLERS)
def speller(request: pytest.FixtureRequest) -> Vocabulary:
    return vocabulary_of(request.param)


@pytest.mark.parametrize("kind", [*SPELLERS, "word", "spaced"])
def test_what_was_learned_comes_back(kind: str, tmp_path: Path) -> None:
    vocabulary = vocabulary_of(kind)
    vocabulary.save(tmp_path / "v.json")
    stored = Vocabulary.load(tmp_path / "v.json")
    assert stored.keeps_whitespace
    texts = [normalize(text, keep=True) for text in LAID_OUT]
    assert [text for text in texts if text] == texts == LAID_OUT
    for each in (vocabulary, stored):
        assert each.decode(each.encode(texts)) == texts


@given(st.text(st.sampled_from(" \n\t\r\u00a0\u202f\u2003\u3000a«»é,你7") | st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(speller: Vocabulary, text: str) -> None:
    text = normalize(text, keep=True)
    assert speller.decode(speller.encode([text, text])) == [text, text]
    assert normalize(text, keep=True) == text
    assert normalize(text) == normalize(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("kind", [*SPELLERS, "word", "spaced"])
def test_folded_text_is_cut_as_ever(kind: str) -> None:
    folded = vocabulary_of(kind, keep=False)
    assert not folded.keeps_whitespace
    assert folded.decode(folded.encode(["  «\u00a0Oui\n »  "])) == ["« Oui »"]
    assert folded.encode(["«\u00a0Oui\n »"]) == folded.encode(["« Oui »"])


def test_a_text_of_white_space_alone_is_no_text() -> None:
    assert normalize(" \n\t ", keep=True) == ""
    assert vocabulary_of("bpe").encode([" \n "]) == [[]]


def test_layout_is_more_than_spaces_between_words() -> None:
    assert [has_layout(text) for text in ("a b", " a  b \n", "a\nb", "a\u00a0b", "a\tb", "")] == [
        *(False, False),
        *(True, True, True),
        False,
    ]


def test_tokens_in_lines_hold_no_white_space_and_differ() -> None:
    for kind in (*SPELLERS, "word", "spaced"):
        vocabulary = vocabulary_of(kind)
        names = vocabulary.in_lines
        assert len(set(names)) == len(vocabulary)
        assert not any(character.isspace() for name in names for character in name)
        assert len(vocabulary.lines(LAID_OUT, "<s>", "</s>").splitlines()) == len(LAID_OUT)
