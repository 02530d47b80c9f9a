"""Dialogue context as one text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.dialogue_context import TURN, Conversation, clean_turn, listed_turns, newest_turns
from seqloom.recipe.sections.vocabulary_section import VocabularySection
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.word_counts import count_for

SEEN = Conversation(turns=2, separator="__eou__", characters=20)
SPOKEN = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(clean_turn).filter(bool)


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ("a __eou__ b __eou__ c", f"b{TURN} c"),
        ("a__eou__b __eou__", f"a{TURN} b"),
        (f"a {TURN} b{TURN} c", f"b{TURN} c"),
        ("__eou__", ""),
        ("", ""),
        (["a", "b", "c"], f"b{TURN} c"),
        (("a", " b\n"), f"a{TURN} b"),
        (np.array(["a", "b"], dtype=object), f"a{TURN} b"),
        ([{"role": "system", "content": "x"}, {"role": "user", "content": "a"}], "a"),
        ([{"from": "system", "value": "x"}, {"from": "human", "value": "a"}], "a"),
        ([{"from": "gpt", "value": "a"}, {"role": "user", "content": "b"}], f"a{TURN} b"),
        ([{"value": "a"}], ""),
        (["a", None, ""], "a"),
        ([], ""),
        (["aaaaaaaaaa", "bbbbbbbbbbbb"], "bbbbbbbbbbbb"),
        (["a", "b" * 30], "b" * 30),
        (["a", 1], ["a", 1]),
        (None, None),
        (7, 7),
    ],
)
def test_what_is_seen_of_a_row(row: object, seen: object) -> None:
    assert SEEN.request_context(row) == seen


def test_a_turn_holds_no_mark() -> None:
    assert listed_turns([f"a{TURN}b"]) == ["a||b"]


@given(st.lists(SPOKEN, max_size=6))
def test_seeing_it_again_changes_nothing(turns: list[str]) -> None:
    once = SEEN.context(turns)
    assert SEEN.newest(once) == once
    assert SEEN.split(once) == turns[len(turns) - len(SEEN.split(once)) :]


@given(st.lists(st.text("ab", min_size=1, max_size=9), min_size=1, max_size=6), st.integers(1, 30))
def test_no_turn_that_there_is_room_for_is_dropped(turns: list[str], most: int) -> None:
    between = f"{TURN} "
    kept = Conversation(6, "__eou__", most).context(turns).split(between)
    assert kept == turns[-len(kept) :]
    assert len(between.join(kept)) <= most or len(kept) == 1
    assert kept == turns or len(between.join(turns[-len(kept) - 1 :])) > most


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=1, max_size=6), st.integers(1, 30))
def test_nor_of_token_ids(turns: list[list[int]], most: int) -> None:
    def joined(some: list[list[int]]) -> list[int]:
        return [token for turn in some for token in (0, *turn)][1:]

    kept = newest_turns(joined(turns), 0, most)
    count = kept.count(0) + 1
    assert kept == joined(turns[-count:])
    assert len(kept) <= most or count == 1
    assert count == len(turns) or len(joined(turns[-count - 1 :])) > most


@pytest.mark.parametrize("kind", ["word", "bpe", "unigram", "char"])
@pytest.mark.parametrize("turns", [["so it is.", "is it so?"], ["是这样。", "真的吗？", "it is"]], ids=["en", "zh"])
def test_the_mark_is_one_token_of_every_vocabulary(kind: str, turns: list[str]) -> None:
    text = f"{TURN} ".join(turns)
    vocabulary = train_vocabulary(count_for(kind, [text] * 50), VocabularySection(kind=kind, size=400))
    [tokens] = vocabulary.tokenize([text])
    assert tokens.count(TURN) == len(turns) - 1
    assert sum(TURN in token for token in tokens) == len(turns) - 1
    assert vocabulary.tokenize([turns[0]])[0] == tokens[: tokens.index(TURN)]
