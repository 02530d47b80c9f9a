"""A translation memory answers what it knows, and changes nothing of what it does not."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.cli.memory_file import known_answers
from seqloom.decoding.confidence import CONFIDENCE, TextConfidence
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.known_answers import FROM_MEMORY, KnownAnswers
from seqloom.errors import UserError
from tests.decoding.test_batch_independence import HOW, alike
from tests.decoding.test_language_model import checkpoint as language_model
from tests.decoding.test_lexical_constraints import translator
from tests.registry.tiny import write_checkpoint

TEXTS = ["a e d", "b", "c c a", "", "e"]


@settings(deadline=None, max_examples=15)
@given(st.sets(st.sampled_from(range(len(TEXTS)))), st.sampled_from(["beam", "draw"]))
def test_what_is_known_is_the_memorys_and_all_else_the_models(known: set[int], how: str) -> None:
    plain, remembering = translator(), translator()
    pairs = ExactMatches((TEXTS[row], f"known {row}") for row in known if TEXTS[row])
    remembering.memory = KnownAnswers(pairs)
    expected = plain.answer(TEXTS, HOW[how])
    found = remembering.answer(TEXTS, HOW[how])
    for row, (own, other) in enumerate(zip(expected, found, strict=True)):
        if row in known and TEXTS[row]:
            assert [(each.text, each.from_memory) for each in other] == [(f"known {row}", True)]
        else:
            alike(own, other)
            assert not any(each.from_memory for each in other)


def test_sources_are_compared_in_normal_form_and_the_last_target_stands() -> None:
    memory = ExactMatches([("caf\u00e9  noir", "alt"), ("cafe\u0301 noir", "neu")])
    assert len(memory) == 1
    assert memory.target(" café\tnoir\n") == "neu"
    assert memory.target("Café noir") is None


def test_columns_say_so_and_nobody_is_in_doubt() -> None:
    generator = translator(protect="numbers")
    generator.memory, generator.confidence = KnownAnswers(ExactMatches([("b", "17")])), TextConfidence(0, 0, 0)
    columns = generator.columns(generator.answer(["a", "b"], generator.decoding))
    assert columns[FROM_MEMORY] == [False, True]
    assert columns[CONFIDENCE] == [0.5, 1.0]
    assert set(columns) == set(generator.column_types)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("memory.tsv", "a small dog\tein Hund, an tom@example.com\n"),
        ("named.tsv", "target\tsource\nein Hund, an tom@example.com\ta small dog\n"),
        (
            "memory.tmx",
            '<?xml version="1.0"?><tmx version="1.4"><header srclang="en"/><body><tu><tuv xml:lang="en">'
            '<seg>a small dog</seg></tuv><tuv xml:lang="de"><seg>ein Hund, an tom@example.com</seg></tuv></tu>'
            "</body></tmx>",
        ),
    ],
)
def test_a_memory_is_read_as_a_corpus(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "m").mkdir()
    languages = {"train": ["pairs.tsv"], "source_language": "en", "target_language": "de"}
    checkpoint = write_checkpoint(tmp_path / "m", corpus={**languages, "privacy": "replace"})
    generator = load_generator(checkpoint)
    generator.memory = known_answers(tmp_path / name, None, checkpoint, generator)
    assert generator.generate(["a small dog"]) == ["ein Hund, an tom@example.com"]


def test_memories_that_cannot_be_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    checkpoint = write_checkpoint(tmp_path / "t")
    with pytest.raises(UserError, match=r"nowhere\.tsv"):
        known_answers(tmp_path / "nowhere.tsv", None, checkpoint, load_generator(checkpoint))
    other = language_model(tmp_path / "m")
    with pytest.raises(UserError, match="--memory is for models that write a text for a text"):
        known_answers(tmp_path / "x.tsv", None, other, load_generator(other))
