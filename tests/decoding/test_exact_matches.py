"""A translation memory answers what it knows, and changes nothing of what it does not."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.cli.memory_file import known_answers
from seqloom.decoding.answers import concatenate
from seqloom.decoding.confidence import CONFIDENCE, TextConfidence
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.decoding.explanation import explain
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.known_answers import FROM_MEMORY, KnownAnswers
from seqloom.errors import UserError
from seqloom.recipe.recipe_json import with_options
from seqloom.reports.answer_report import answer_report
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


@pytest.mark.parametrize("texts", [[], ["b"], ["b", "a"], ["a"]])
@pytest.mark.parametrize(
    "options",
    [
        {"protect": "numbers"},
        {"glossary": "b\t17"},
        {"protect": "numbers", "long_texts": "sentences"},
        {"choices": "b\na"},
    ],
)
def test_which_columns_there_are_follows_from_the_options_alone(texts: list[str], options: dict[str, str]) -> None:
    generator = translator(**options)
    generator.language, generator.confidence = "en", TextConfidence(0, 0, 0)
    generator.memory = KnownAnswers(ExactMatches([("b", "17")]))
    columns = generator.reply(texts, generator.decoding)
    assert columns.keys() == generator.column_types.keys()
    assert {len(values) for values in columns.values()} == {len(texts)}
    assert not any(value is None for values in columns.values() for value in values)
    others = {
        name: values for name, values in generator.reply(["a"], generator.decoding).items() if name != FROM_MEMORY
    }
    with pytest.raises(AssertionError, match="other columns"):
        concatenate([generator.reply(["b"], generator.decoding), others])


def test_a_known_answer_stands_word_for_word_and_says_what_it_lost() -> None:
    generator = translator(protect="numbers", glossary="b\tx")
    pairs = [("a 5", "5 c"), ("b 5", "c"), ("b", "c x")]
    generator.memory = KnownAnswers(ExactMatches(pairs))
    columns = generator.reply([source for source, _ in pairs], generator.decoding)
    assert columns["prediction"] == [target for _, target in pairs]
    assert columns["carried_over"] == ["kept", "lost", "none"]
    assert columns["terms_honored"] == [1.0, 0.0, 1.0]


def test_of_choices_the_model_ranks_all() -> None:
    plain, remembering = translator(choices="a\nb"), translator(choices="a\nb")
    remembering.memory = KnownAnswers(ExactMatches([("a", "c"), ("b", "a")]))
    assert remembering.answer(["a", "b"], remembering.decoding) == plain.answer(["a", "b"], plain.decoding)


def test_explained_is_the_model_alone() -> None:
    plain, remembering = translator(), translator()
    remembering.memory = KnownAnswers(ExactMatches([("a", "known")]))
    alone, found = explain(plain, "a"), explain(remembering, "a")
    assert (found.answer, found.weights, found.known) == (alone.answer, alone.weights, "known")
    assert alone.known is explain(remembering, "b").known is None
    assert "known" in answer_report("m", "a", found)


@pytest.mark.parametrize("long_texts", ["cut", "sentences", "refuse"])
def test_a_text_is_looked_up_once(long_texts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, asked = translator(), list[str]()
    generator.language, generator.memory = "en", KnownAnswers(ExactMatches([("b", "17")]))
    targets = generator.memory.targets
    monkeypatch.setattr(generator.memory, "targets", lambda texts: asked.extend(texts) or targets(texts))
    generator.answer(["a", "b"], with_options(generator.decoding, long_texts=long_texts))
    assert asked == ["a", "b"]


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
