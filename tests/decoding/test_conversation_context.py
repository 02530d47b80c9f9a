"""The part of a conversation that a model reads, by characters and by tokens."""

from typing import Any

import pytest

from seqloom.corpus.dialogue_context import TURN, Conversation
from seqloom.decoding.source_reader import SourceReader
from seqloom.recipe.schema import VocabularySection
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.word_counts import count_for

TALK = ["a small dog", "so it is", "is it so"]


def reader(kind: Any, turns: int, characters: int, tokens: int | None) -> SourceReader:
    text = f"{TURN} ".join(TALK)
    vocabulary = train_vocabulary(count_for("bpe", [text] * 50), VocabularySection(kind=kind, size=400))
    conversation = Conversation(turns, "__eou__", characters)
    return SourceReader(vocabulary, characters, tokens, conversation)


@pytest.mark.parametrize("kind", ["word", "bpe", "char"])
@pytest.mark.parametrize("kept", [1, 2, 3])
@pytest.mark.parametrize("limit", ["turns", "characters", "tokens"])
def test_the_oldest_turns_are_not_read(kind: str, kept: int, limit: str) -> None:
    whole = reader(kind, 3, 1000, None)
    wanted = f"{TURN} ".join(TALK[-kept:])
    [ids] = whole.encode([wanted])
    limits = {
        "turns": reader(kind, kept, 1000, None),
        "characters": reader(kind, 3, len(wanted), None),
        "tokens": reader(kind, 3, 1000, len(ids)),
    }
    assert limits[limit].encode([" __eou__ ".join(["unknown so", *TALK])]) == [ids]


def test_of_a_turn_that_is_too_long_the_beginning_is_read() -> None:
    [cut] = reader("word", 3, 1000, 2).encode(["so it is __eou__ is it so"])
    assert cut == reader("word", 3, 1000, None).encode(["is it"])[0]
