"""What a column says of all its texts at once is what the function of one text says of each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.filters.filter_chain import build_filter
from seqloom.corpus.filters.pair_filter import PairColumns, TextPair
from seqloom.corpus.normalization import fold_text, normalize
from seqloom.corpus.row_keys import as_bytes, keys_of_pairs, keys_of_texts
from seqloom.corpus.text_column import CharacterClass, TextColumn
from seqloom.corpus.text_normalizers import TextNormalizers
from seqloom.recipe.filter_expressions import parse_filter
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS

from .files import corpus

MARKS = st.characters(categories=("Mn", "Mc", "Lm", "Cf", "Cs", "Zs"))
JAMO = st.sampled_from("\u1100\u1161\u11a8\uac00\u0308\u0327aeiouAE ßİıſ\u2581\u00a0\u0000\n")
WORDS = st.sampled_from(
    ["word ", "Größe ", "12 ", "٣٤", "<b>", "&amp;", "中文字", "слово ", "  ", "!", "x@y.de", "\u200b"]
)
TEXTS = st.lists(st.lists(st.text(max_size=4) | MARKS | JAMO | WORDS, max_size=6).map("".join), max_size=6)
FILTERS = (
    *("length_ratio<=2", "characters>=5", "words<=2", "letter_share>=0.6", "source.letter_share>=0.9", "script_share"),
    *("target.script_share:Cyrl", "repeated_ngrams<=0.3", "no_copy", "no_html", "no_invisible_characters"),
    *("numbers_match>=0.5", "urls_match", "no_pattern:[0-9]{2}"),
)


@given(TEXTS)
def test_normal_forms_and_folds(texts: list[str]) -> None:
    for keep in (False, True):
        assert TextNormalizers(DEFAULT_NORMALIZERS, keep).of_texts(texts, "source") == [
            normalize(text, keep) for text in texts
        ]
    assert TextColumn(texts).folded == list(map(fold_text, texts))


@given(TEXTS)
def test_counts(texts: list[str]) -> None:
    column, spaces, digits = TextColumn(texts), CharacterClass(str.isspace), CharacterClass(str.isdecimal)
    assert column.counts(spaces).tolist() == [sum(map(str.isspace, text)) for text in texts]
    assert column.has(digits).tolist() == [any(map(str.isdecimal, text)) for text in texts]


@given(st.lists(st.tuples(st.sampled_from(["a", "Ab 12", "б в", "中文"]) | st.text(), st.text()), max_size=6))
def test_a_pair_that_a_filter_drops_is_a_suspect(pairs: list[tuple[str, str]]) -> None:
    normal = [TextPair(*(normalize(text) for text in pair)) for pair in pairs]
    normal += [TextPair(pair.source, pair.source) for pair in normal]
    section = corpus(source_language="en", target_language="zh")
    for each in (build_filter(parse_filter(form), section) for form in FILTERS):
        plain = [each.problem(pair) for pair in normal]
        assert each.problems(normal) == plain
        assert np.all(each.suspects(PairColumns(normal))[np.array(list(map(bool, plain)), bool)])


def test_keys_tell_texts_and_pairs_apart() -> None:
    texts = ["", "a", "b", "ab", "é", "e\u0301", "a" * 10_000]
    keys = keys_of_texts(texts)
    assert len(set(keys.tolist())) == len(texts)
    assert (keys_of_texts(texts[2:4]) == keys[2:4]).all()
    pairs = [keys_of_pairs(keys[[one]], keys[[other]])[0] for one in range(7) for other in range(7)]
    assert len(set(pairs)) == len(pairs)
    assert [int.from_bytes(each) for each in as_bytes(keys)] == keys.tolist()


def test_a_column_takes_nothing_and_empty_texts() -> None:
    assert not len(TextColumn([]))
    assert TextColumn([]).folded == []
    assert TextColumn(["", ""]).folded == ["", ""]
    assert TextColumn([]).may_be_unnormalized.tolist() == []
