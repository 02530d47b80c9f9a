"""Encoding and decoding, and files of vocabularies."""

from itertools import chain
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from seqloom.errors import UserError
from seqloom.recipe import schema
from seqloom.vocabulary import vocabulary as vocabulary_module
from seqloom.vocabulary.special_tokens import END, PADDING, START, UNKNOWN
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.vocabulary import Vocabulary
from seqloom.vocabulary.word_counts import count_for

LINES = ["a dog runs, 北京", "the dog ran on 12 streets, 北京"] * 3
KINDS = ("word", "spaced", "bpe", "unigram", "char", "decomposed")


def train(kind: str) -> Vocabulary:
    section = schema.VocabularySection(kind=kind, size=320)  # type: ignore[arg-type]
    return train_vocabulary(count_for(kind, LINES), section)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_vocabulary_is_the_same_when_loaded(kind: str, tmp_path: Path) -> None:
    made = train(kind)
    made.save(tmp_path / "source.json")
    loaded = Vocabulary.load(tmp_path / "source.json")
    assert loaded.tokens == made.tokens
    assert len(loaded) == len(made)
    unseen = [*LINES, "犬 dogs </s>"]
    assert loaded.encode(unseen) == made.encode(unseen)
    assert loaded.decode(loaded.encode(LINES)) == LINES


@pytest.mark.parametrize(
    "content", [None, "", "{", "[1]", '{"model": {}}', "\x00", '{"version": "1.0", "model": {"type": "BPE"}}']
)
def test_a_damaged_file_is_named_with_the_remedy(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "source.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"source\.json is no vocabulary.*build it again"):
        Vocabulary.load(path)


def test_a_vocabulary_cut_short_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "source.json"
    train("bpe").save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UserError, match="build it again"):
        Vocabulary.load(path)


def test_a_tokenizer_of_somebody_else_is_refused(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models

    Tokenizer(models.WordLevel({"[UNK]": 0, "dog": 1}, unk_token="[UNK]")).save(str(tmp_path / "source.json"))
    with pytest.raises(UserError, match="not written by seqloom"):
        Vocabulary.load(tmp_path / "source.json")


@pytest.mark.parametrize("kind", KINDS)
def test_special_ids_say_nothing(kind: str) -> None:
    vocabulary = train(kind)
    (ids,) = vocabulary.encode(["a dog"])
    assert vocabulary.decode([[START, *ids, UNKNOWN, END, PADDING, PADDING], [], [END]]) == ["a dog", "", ""]


def test_bytes_that_are_no_utf8_still_decode() -> None:
    vocabulary = train("bpe")
    lone = vocabulary.tokens.index("<0xE4>")
    (text,) = vocabulary.decode([[*vocabulary.encode(["dog"])[0], lone]])
    assert text.startswith("dog")


def test_text_is_normalized_first() -> None:
    vocabulary = train("bpe")
    assert vocabulary.encode([" a\u00a0 dog\t"]) == vocabulary.encode(["a dog"])


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_the_tokens_with_spaces_between(kind: str) -> None:
    vocabulary = train(kind)
    texts = [*LINES, "", "</s> 犬\t12", "<s>"]
    expected = [" ".join(("<s>", *tokens, "</s>")) + "\n" for tokens in vocabulary.tokenize(texts)]
    assert vocabulary.lines(texts, "<s>", "</s>") == "".join(expected)
    assert vocabulary.lines([], "<s>", "</s>") == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("at_once", [2, 50_000])
def test_tokens_are_counted_as_they_are_encoded(kind: str, keep: bool, at_once: int) -> None:
    section = schema.VocabularySection(kind=kind, size=320)  # type: ignore[arg-type]
    vocabulary = train_vocabulary(count_for(kind, LINES, keep), section, keep)
    texts = [*LINES, "犬 dogs </s> –  é e\u0301 한국", "", "a\tdog", "12 dogs, 12 cats"]
    encoded = np.bincount([*chain.from_iterable(vocabulary.encode(texts))], minlength=len(vocabulary))
    with patch.object(vocabulary_module, "_AT_ONCE", at_once):
        counted = vocabulary.count(count_for(kind, texts, keep))
    assert counted.tolist() == encoded.tolist()


def test_labels_are_counted_whole() -> None:
    vocabulary = Vocabulary.labels(["not good", "good"])
    counted = vocabulary.count({"good": 3, "not good": 2, "bad": 1, "worse": 1})
    assert counted.tolist() == [0, 2, 0, 0, 2, 3]
