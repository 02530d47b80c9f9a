"""Texts that are longer than a model reads: answered by sentence and put together, cut, or refused."""

import copy
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.decoding.answers import Unanswerable
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.decoding.predictor import Predictor
from seqloom.decoding.sentence_segmentation import join, segments_of
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import DecodingSection
from seqloom.registry.version_package import requirements
from tests.registry.tiny import recipe_named, write_checkpoint

SENTENCES = ["A small dog.", "Ein kleiner Hund!", "A dog, a small dog?", "Dr. Hund met a small dog."]
GAPS = [" ", "\n", "  ", "\n\n", "\t"]


def generator_for(folder: Path, characters: int = 40, task: str = "translation", **decoding: Any) -> Generator:
    folder.mkdir()
    corpus = {"train": ["pairs.tsv"], "source_language": "en", "max_characters": characters}
    return load_generator(write_checkpoint(folder, task=task, corpus=corpus, decoding={"beam_size": 2, **decoding}))


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return generator_for(tmp_path_factory.mktemp("long") / "model", long_texts="sentences")


@pytest.fixture(scope="module")
def cutting(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return generator_for(tmp_path_factory.mktemp("long") / "model")


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(SENTENCES), st.sampled_from(GAPS)), min_size=4, max_size=6))
def test_the_answer_to_a_long_text_is_the_answers_to_its_sentences(
    generator: Generator, cutting: Generator, parts: list[tuple[str, str]]
) -> None:
    text = "".join(sentence + gap for sentence, gap in parts)
    sentences, gaps = [sentence for sentence, _ in parts], [gap for _, gap in parts]
    each = cutting.answer(sentences, cutting.decoding, [7] * len(sentences))
    [found] = generator.answer([text], generator.decoding, [7])
    assert found[0].text == join([answers[0].text for answers in each], gaps)
    assert found[0].tokens == [token for answers in each for token in answers[0].tokens]
    assert found[0].truncated == any(answers[0].truncated for answers in each)
    assert found[0].answered_in == "sentences"


def test_sentences_that_are_known_do_not_count_in_the_score(generator: Generator, cutting: Generator) -> None:
    remembering = copy.copy(generator)
    remembering.memory = KnownAnswers(ExactMatches((text, "a dog") for text in SENTENCES[:2]))
    [found] = remembering.answer([" ".join(SENTENCES[:3])], generator.decoding)
    [[own, *_]] = cutting.answer([SENTENCES[2]], cutting.decoding)
    assert (found[0].score, found[0].from_memory) == (pytest.approx(own.score), False)
    [found] = remembering.answer([" ".join(SENTENCES[:2] * 2)], generator.decoding)
    assert (found[0].score, found[0].from_memory, found[0].answered_in) == (0.0, True, "sentences")


def test_without_it_what_is_behind_the_limit_is_not_read(
    generator: Generator, cutting: Generator, caplog: pytest.LogCaptureFixture
) -> None:
    text = " ".join(SENTENCES)
    with caplog.at_level(logging.WARNING):
        whole = generator.generate([text])
        assert not caplog.text
        assert whole != cutting.generate([text]) == cutting.generate([text[:40]])
    assert "1 of 1 texts are read up to character 40 only" in caplog.text


def test_a_text_that_is_not_long_is_answered_as_it_is(generator: Generator, cutting: Generator) -> None:
    texts = ["A small dog. A dog.", "", "  ", " ".join(SENTENCES)]
    assert generator.reply(texts, generator.decoding)["answered_in"] == ["whole", "whole", "whole", "sentences"]
    assert generator.generate(texts)[:3] == cutting.generate(texts)[:3]


def test_one_that_is_longer_than_texts_of_training_is_long(tmp_path: Path) -> None:
    found = generator_for(tmp_path / "m", 1000, long_texts="sentences")
    texts = ["dog dog dog dog", "A dog. " * 4]
    assert found.reply(texts, found.decoding)["answered_in"] == ["whole", "whole"]
    found.limit = replace(found.limit, usual_source=3)
    assert found.reply(texts, found.decoding)["answered_in"] == ["whole", "sentences"]


def test_a_sentence_that_is_too_long_is_cut_between_clauses(generator: Generator, cutting: Generator) -> None:
    clauses, words = "a small dog, ein kleiner Hund, a dog", "a small dog " * 5
    assert generator.reply([clauses, words], generator.decoding)["answered_in"] == ["whole", "parts"]
    text = f"{clauses}, {clauses}."
    [found] = generator.answer([text], generator.decoding)
    halves = cutting.generate([f"{clauses},", f"{clauses}."])
    assert (found[0].text, found[0].answered_in) == (join(halves, [" ", ""]), "parts")


SIGNS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(" .,!?。，\n\t\u0301\u200dA1a")


@given(st.text(SIGNS), st.integers(1, 12))
def test_segments_lose_nothing_and_fit(text: str, most: int) -> None:
    segments = segments_of(text, "en", lambda part: len(part) <= most)
    assert text.lstrip() == "".join(each.text + each.gap for each in segments)
    assert all(0 < len(each.text) <= most and each.text == each.text.strip() for each in segments)


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "Dr. Smith paid $3.50. Then he left!", ["Dr. Smith paid $3.50.", "Then he left!"]),
        ("de", "Am 3. Mai, z. B. um 12.30 Uhr. Danach nicht.", ["Am 3. Mai, z. B. um 12.30 Uhr.", "Danach nicht."]),
        ("fr", "M. Dupont est là. Il part.", ["M. Dupont est là.", "Il part."]),
        ("zh-Hans", "你好。今天天气很好！我们走吧？", ["你好。", "今天天气很好！", "我们走吧？"]),
        ("hi", "यह है। वह है।", ["यह है।", "वह है।"]),
        ("", "1. One.\n2. Two.\n\nTitle\nText.", ["1. One.", "2. Two.", "Title", "Text."]),
    ],
)
def test_sentences(language: str, text: str, sentences: list[str]) -> None:
    assert [each.text for each in segments_of(text, language, lambda _: True)] == sentences


@pytest.mark.parametrize(
    ("texts", "gaps", "whole"),
    [
        (["Hello.", "Bye."], ["", ""], "Hello. Bye."),
        (["你好。", "再见。"], [" ", ""], "你好。再见。"),
        (["a", "", "b"], ["\n", "\n", ""], "a\n\nb"),
        (["a", "b"], ["\u00a0", " "], "a\u00a0b"),
    ],
)
def test_spaces_are_those_of_the_text_or_of_the_answers_script(texts: list[str], gaps: list[str], whole: str) -> None:
    assert join(texts, gaps) == whole


def test_a_request_chooses_and_gets_the_column(cutting: Generator) -> None:
    predictor = Predictor(cutting, attentive=True)
    params = {"long_texts": "sentences", "n_best": 2, "return_scores": True, "return_attention": True}
    found = predictor([" ".join(SENTENCES), "a dog"], params)
    assert found["answered_in"] == ["sentences", "whole"]
    assert found["attention"][0] == []
    assert len(found["predictions"][0]) == len(found["predictions"][1]) == 2
    assert found["scores"][0][0] == found["score"][0] < 0


def test_a_long_text_may_be_refused(tmp_path: Path) -> None:
    found = generator_for(tmp_path / "m", long_texts="refuse")
    assert found.generate(["a small dog"])
    with pytest.raises(Unanswerable, match=r"text 2 of 2 is longer than the model reads \(40 characters\): shorten it"):
        found.generate(["a dog", "dog " * 11])


def test_spans_and_terms_are_those_of_the_whole_text(generator: Generator) -> None:
    text = "A small dog {a}. Ein kleiner Hund. A dog {b} dog dog dog."
    wanted = {"protect": "placeholders", "glossary": "dog\tHund"}
    decoding = DecodingSection(**{**vars(generator.decoding), **wanted})
    [found] = generator.answer([text], decoding)
    assert found[0].text.count("{a}") == found[0].text.count("{b}") == 1
    assert found[0].carried_over in ("kept", "split")
    assert found[0].terms_honored is not None


def test_sentences_are_no_answer_in_other_tasks(tmp_path: Path) -> None:
    tree = {"name": "a", "task": "summarization", "corpus": {"train": ["x"]}, "decoding": {"long_texts": "sentences"}}
    with pytest.raises(UserError, match="no answer to the text in task summarization: set it to cut or refuse"):
        check_recipe(tree, "recipe")
    found = Predictor(load_generator(write_checkpoint(tmp_path, task="summarization")), attentive=True)
    with pytest.raises(UserError, match="translation and transduction: set it to cut or refuse"):
        found(["a dog"], {"long_texts": "sentences"})


def test_a_version_names_the_library_that_it_needs() -> None:
    named = [any(line.startswith("sentencex==") for line in requirements(recipe_named("a", decoding=decoding)))
             for decoding in ({"long_texts": "sentences"}, {})]  # fmt: skip
    assert named == [True, False]
