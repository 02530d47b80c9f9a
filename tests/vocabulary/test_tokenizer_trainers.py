"""Properties of every kind of vocabulary, and differences between kinds."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqloom.corpus.normalization import normalize
from seqloom.errors import UserError
from seqloom.recipe import schema
from seqloom.vocabulary.special_tokens import END, MARK, SPECIAL_TOKENS, UNKNOWN, read_tokens
from seqloom.vocabulary.tokenizer_trainers import BYTE_TOKENS, train_vocabulary
from seqloom.vocabulary.vocabulary import Vocabulary
from seqloom.vocabulary.word_counts import count_for

LINES = [
    "A dog runs, and another dog (a small one) runs after it.",
    "Two dogs don't run 12.5 km in 2024!",
    "The other dogs are running; Dvořák's dog isn't.",
    "几个人骑着自行车，在北京的街上骑着。",
    "两名建筑工人在街上，建筑工人用Python写代码。",
    "食べる人がいる。",
] * 3
BYTE_KINDS = ("bpe", "unigram", "char", "decomposed")


def train(kind: str, lines: list[str] = LINES, size: int = 600, min_frequency: int = 2) -> Vocabulary:
    section = schema.VocabularySection(kind=kind, size=size, min_frequency=min_frequency)  # type: ignore[arg-type]
    return train_vocabulary(count_for(kind, lines), section)


TRAINED = {kind: train(kind) for kind in ("word", "spaced", *BYTE_KINDS)}


@pytest.mark.parametrize("kind", BYTE_KINDS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(text=st.text(max_size=60) | st.text(alphabet="▁ <>/s0xE4d_\n\t的犬a1.", max_size=30))
def test_any_text_comes_back_as_it_was(kind: str, text: str) -> None:
    vocabulary = TRAINED[kind]
    (ids,) = vocabulary.encode([text])
    assert vocabulary.decode([ids]) == [normalize(text)]
    assert all(token >= len(SPECIAL_TOKENS) for token in ids)


def test_decomposed_text_is_of_letters_accents_and_parts_of_syllables() -> None:
    vocabulary = train("decomposed", ["한글 é"], min_frequency=1)
    assert vocabulary.tokenize(["글한é"]) == [["▁", *unicodedata.normalize("NFD", "글한é")]]
    unseen = "극"
    assert train("char", ["한글"], min_frequency=1).tokenize([unseen])[0][1:] == ["<0xEA>", "<0xB7>", "<0xB9>"]
    assert vocabulary.tokenize([unseen])[0][1:3] == ["\u1100", "\u1173"]  # as of the syllable that was seen
    assert vocabulary.decode(vocabulary.encode([unseen])) == [unseen]


@pytest.mark.parametrize("vocabulary", [*TRAINED.values(), Vocabulary.labels(["so so", "0"])])
def test_the_tokens_can_be_read_without_a_tokenizer(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.save(tmp_path / "tokens.json")
    assert read_tokens(tmp_path / "tokens.json") == vocabulary.tokens


@pytest.mark.parametrize("kind", TRAINED)
def test_training_text_comes_back_as_it_was(kind: str) -> None:
    vocabulary = TRAINED[kind]
    assert vocabulary.decode(vocabulary.encode(LINES)) == [normalize(line) for line in LINES]


@pytest.mark.parametrize("kind", TRAINED)
@pytest.mark.parametrize("text", ["</s>", "<pad>", "a <unk> b", "<s>x</s>", "<0x41><0x00>", "▁</s>"])
def test_text_that_looks_like_a_special_token_is_text(kind: str, text: str) -> None:
    lines = [*LINES, *[text] * 5]  # frequent enough to be learned, were it not for the cuts
    vocabulary = train(kind, lines)
    (ids,) = vocabulary.encode([text])
    assert vocabulary.decode([ids]) == [normalize(text)]
    assert all(token >= len(SPECIAL_TOKENS) for token in ids)


@pytest.mark.parametrize("kind", BYTE_KINDS)
def test_ids_run_through_special_tokens_then_bytes_then_the_learned(kind: str) -> None:
    tokens = TRAINED[kind].tokens
    assert tuple(tokens[:260]) == (*SPECIAL_TOKENS, *BYTE_TOKENS)
    assert len(tokens) == len(set(tokens)) == len(TRAINED[kind]) <= 600


@pytest.mark.parametrize("kind", BYTE_KINDS)
def test_no_room_for_the_bytes_is_the_users_mistake(kind: str) -> None:
    with pytest.raises(UserError, match=r"vocabulary\.size is 259.*set vocabulary\.size to 260 or more"):
        train(kind, size=259)


@pytest.mark.parametrize("kind", BYTE_KINDS)
@pytest.mark.parametrize("size", [260, 261, 262, 275, 300])
@pytest.mark.parametrize("lines", [LINES, ["a"], []], ids=["text", "letter", "nothing"])
def test_small_sizes_and_little_text_still_spell_anything(kind: str, size: int, lines: list[str]) -> None:
    vocabulary = train(kind, lines, size=size, min_frequency=1)
    assert len(vocabulary) <= size
    assert vocabulary.decode(vocabulary.encode(LINES)) == LINES


@pytest.mark.parametrize("kind", BYTE_KINDS)
def test_a_rare_character_is_spelt_in_bytes(kind: str) -> None:
    vocabulary = train(kind, [*LINES, "鑫"])
    assert "鑫" not in vocabulary.tokens
    assert vocabulary.tokenize(["的鑫"]) == [[*vocabulary.tokenize(["的"])[0], "<0xE9>", "<0x91>", "<0xAB>"]]


@pytest.mark.parametrize(
    ("kind", "text", "tokens"),
    [
        ("word", "A dog runs.", ["▁A", "▁dog", "▁runs", "."]),
        ("word", "(a small one)", ["▁(", "a", "▁small", "▁one", ")"]),
        ("word", "12.5 km", ["▁1", "2", ".", "5", "▁km"]),
        ("word", "A zebra", ["▁A", "<unk>"]),
        ("word", "几个人骑着自行车，", ["几个", "人", "骑", "着", "自行车", "，"]),
        ("word", "建筑工人用Python写", ["建筑工人", "用", "Python", "写"]),
        ("word", "", []),
        ("bpe", "dog, dogs", ["▁dog", ",", "▁dogs"]),
        ("bpe", "北京的", ["北京的"]),
        ("bpe", " ", []),
        ("char", "dog A", ["▁", "d", "o", "g", "▁", "A"]),
        ("char", "北京", ["北", "京"]),
    ],
)
def test_tokens_are_what_a_reader_would_expect(kind: str, text: str, tokens: list[str]) -> None:
    assert TRAINED[kind].tokenize([text]) == [tokens]


def test_a_word_seen_too_seldom_is_unknown() -> None:
    vocabulary = train("word", ["a a b"], min_frequency=2)
    assert vocabulary.encode(["a b"]) == [[vocabulary.tokens.index("▁a"), UNKNOWN]]


@pytest.mark.parametrize("kind", ["word", "spaced"])
def test_words_fill_the_size_and_the_most_frequent_come_first(kind: str) -> None:
    words = [chr(ord("a") + number) * 3 for number in range(20)]
    lines = [word for number, word in enumerate(words) for _ in range(30 - number)]
    assert train(kind, lines, size=12).tokens == [*SPECIAL_TOKENS, *(f"{MARK}{word}" for word in words[:8])]


@pytest.mark.parametrize(("kind", "longest"), [("bpe", 15), ("unigram", 16)])  # the trainer of bpe stops before 16
def test_no_token_has_more_than_sixteen_characters(kind: str, longest: int) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = train(kind, [letters[:end] for end in range(1, 27)] * 3, size=1000)
    assert max(map(len, vocabulary.tokens)) == longest


@pytest.mark.parametrize("kind", ["bpe", "unigram", "word"])
def test_the_same_text_gives_the_same_file_in_every_process(kind: str, tmp_path: Path) -> None:
    program = (
        f"import sys, pathlib, {__name__} as here;here.train(sys.argv[1], size=330).save(pathlib.Path(sys.argv[2]))"
    )
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for seed, file in enumerate(files):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", program, kind, str(file)], check=True, env=environment)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_spaced_vocabulary_keeps_what_stands_between_spaces() -> None:
    """Penn Treebank, as it is: its `<unk>` is a word like others, and no token of a model's own."""
    lines = ["did n't fall <unk> 500-stock 'N", "</s> did fall <unk> u.s."]
    vocabulary = train("spaced", lines, min_frequency=1)
    tokens = vocabulary.tokenize(lines)
    assert [[token.removeprefix(MARK) for token in each] for each in tokens] == [line.split() for line in lines]
    ids = vocabulary.encode([*lines, "fall 501-stock"])
    assert min(min(each) for each in ids[:2]) > END
    assert ids[2][1] == UNKNOWN
    assert vocabulary.decode(ids[:2]) == lines


@pytest.mark.parametrize("kind", ["word", "spaced", "char", "bpe", "unigram"])
@pytest.mark.parametrize("least", [1, 2, 3, 5])
def test_seen_as_often_as_is_asked_is_enough(kind: str, least: int) -> None:
    """What is seen once less is left out."""
    lines = ["q"] * least + ["z"] * (least - 1) + ["a"] * 9
    tokens = {token.removeprefix(MARK) for token in train(kind, lines, min_frequency=least).tokens}
    assert {"q", "a"} <= tokens
    assert "z" not in tokens


def test_the_most_frequent_characters_come_first_and_get_what_room_there_is() -> None:
    lines = ["zzzzz", "yyy", "xxxx", "ww"]
    assert train("char", lines, size=300, min_frequency=1).tokens[260:] == ["z", "x", MARK, "y", "w"]
    assert train("char", lines, size=262, min_frequency=1).tokens[260:] == ["z", "x"]


def test_pieces_leave_room_for_every_character() -> None:
    """A character that was seen often enough is no bytes, however tempting longer pieces are."""
    words = "banana bandana cabana canal cabal jam zoo quip vexed fight why"
    characters = {*words} - {" "}
    vocabulary = train("unigram", [words] * 5, size=260 + len(characters) + 4, min_frequency=1)
    assert characters <= set(vocabulary.tokens)


@pytest.mark.parametrize("kind", TRAINED)
def test_the_end_of_a_text_is_no_word_of_it(kind: str) -> None:
    assert count_for(kind, ["a b", "a"]) == {"▁a": 2, "▁b": 1}
