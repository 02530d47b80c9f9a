"""Word counts that are spilled to the disk are those of one counter, however they were divided."""

from collections import Counter
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus import SIDES
from seqloom.progress import unwatched
from seqloom.recipe import schema
from seqloom.vocabulary import word_totals
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies
from seqloom.vocabulary.word_counts import count_characters
from seqloom.vocabulary.word_totals import WordTotals, training_words

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
PIECES = st.lists(st.dictionaries(WORDS, st.integers(1, 4), max_size=8), max_size=6)


def totals_of(pieces: list[dict[str, int]], stem: Path) -> WordTotals:
    totals = WordTotals(stem)
    for piece in pieces:
        totals.add(piece)
    return totals


@settings(deadline=None, max_examples=60)
@given(PIECES, PIECES, st.integers(0, 10), st.sampled_from([1, 2, 3, 64]), st.integers(1, 12))
def test_counts_are_those_of_one_counter(
    left: list[dict[str, int]], right: list[dict[str, int]], held: int, partitions: int, trained: int
) -> None:
    plain = sum(map(Counter, [*left, *right]), Counter[str]())
    limits = patch.multiple(word_totals, HELD=held, PARTITIONS=partitions, TRAINED=trained)
    with limits, TemporaryDirectory() as folder:
        both = [totals_of(pieces, Path(folder) / name) for name, pieces in (("l", left), ("r", right))]
        given_words, characters, left_out = training_words(both, 0)
        parts = [dict(part) for part in WordTotals.summed(both)]
        assert sum(map(len, parts)) == len(plain), "a word is in one part"
        assert sum(map(Counter, parts), Counter[str]()) == plain
        assert sum(map(Counter, WordTotals.summed(both[:1])), Counter[str]()) == sum(map(Counter, left), Counter[str]())
    assert left_out == max(0, len(plain) - trained)
    assert Counter(given_words.values()) == Counter(sorted(plain.values())[left_out:]), "the most frequent are given"
    assert given_words.items() <= plain.items()
    assert characters == (count_characters(plain) if left_out else None)


def test_what_is_spilled_is_spilled_once(tmp_path: Path) -> None:
    with patch.multiple(word_totals, HELD=3):
        totals = totals_of([{"a": 1, "b": 1}, {"c": 1, "d": 1}, {"e": 1}], tmp_path / "s")
        for _ in range(3):
            assert sum(map(len, WordTotals.summed([totals, WordTotals(tmp_path / "empty")]))) == 5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["s-0.arrow", "s-1.arrow"]


@pytest.mark.parametrize("trained", [10, 1000])
def test_the_words_that_are_given_depend_on_no_partition(trained: int, tmp_path: Path) -> None:
    pieces = [{f"w{number % 60}": 1 + number % 3 for number in range(start, start + 40)} for start in range(0, 200, 7)]
    given_words = []
    for held, partitions in ((10_000, 64), (5, 1), (30, 2), (45, 64)):
        with patch.multiple(word_totals, HELD=held, PARTITIONS=partitions, TRAINED=trained):
            given_words.append(training_words([totals_of(pieces, tmp_path / f"{held}")], 0).words)
    assert len(given_words[0]) == min(60, trained)
    assert all(words == given_words[0] for words in given_words)


@pytest.mark.parametrize("kind", ["word", "spaced", "bpe", "unigram", "char"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_vocabulary_of_spilled_counts_is_the_same(kind: str, shared: bool, tmp_path: Path) -> None:
    rows = [
        f"the dog number {number % 97} runs to {chr(0x4E00 + number % 50)} street w{number}x" for number in range(400)
    ]
    table = pd.DataFrame({"source": rows, "target": [row.title() for row in rows]})
    for split in ("train", "validation"):
        table.to_parquet(tmp_path / f"{split}.parquet", index=False)
    section = schema.VocabularySection(kind=kind, size=320, shared=shared)  # type: ignore[arg-type]
    made = []
    for held in (100_000, 20):
        folder = tmp_path / str(held)
        folder.mkdir()
        with patch.object(word_totals, "HELD", held):
            facts = build_vocabulary(section, tmp_path, folder, unwatched)
        made.append((facts, {file.name: file.read_bytes() for file in folder.iterdir()}))
    assert made[0] == made[1]


@pytest.mark.parametrize("kind", ["word", "bpe", "unigram", "char"])
def test_a_trainer_that_is_given_the_frequent_words_alone(kind: str, tmp_path: Path) -> None:
    rare = ["".join(letters) for letters in product("klmnopqrs", repeat=3)]  # 729 words
    rows = [*(f"the dog {word}" for word in rare), *["my cat eats"] * 9]
    for split in ("train", "validation"):
        pd.DataFrame({"source": rows, "target": rows}).to_parquet(tmp_path / f"{split}.parquet", index=False)
    section = schema.VocabularySection(kind=kind, size=300, min_frequency=2)  # type: ignore[arg-type]
    tokens = []
    for trained in (1000, 4):
        folder = tmp_path / str(trained)
        folder.mkdir()
        with patch.multiple(word_totals, HELD=100, TRAINED=trained):
            facts = build_vocabulary(section, tmp_path, folder, unwatched)
        assert facts["left_out"] == dict.fromkeys(SIDES, 0 if trained == 1000 else 729 + 5 - 600)
        tokens.append({*load_vocabularies(folder)[0].tokens})
    if kind in ("word", "char"):
        assert tokens[0] == tokens[1], "these are exact whatever is left out"
    assert all({*"▁klmnopqrs"} <= one for one in tokens if kind != "word"), "every frequent character has a token"
