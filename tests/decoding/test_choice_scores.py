"""Closed lists: through a trie each choice scores what it scores alone."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.padded_batch import pad_sources
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.choice_scores import score_choices, trie_of, width_of
from seqloom.decoding.confidence import TextConfidence
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.predictor import Predictor
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.errors import UserError
from seqloom.recipe.schema import DecodingSection, ModelSection
from tests.decoding.test_batch_independence import in_any_company
from tests.decoding.test_language_model import checkpoint as language_model
from tests.decoding.test_lexical_constraints import translator
from tests.decoding.test_search import (
    SOURCES,
    log_probability_behind,
    model_with_sharp_opinions,
    scored_by_teacher_forcing,
)
from tests.decoding.test_search import language_model as decoder_only
from tests.models.test_base_classes import fresh, over_writers

MODEL = model_with_sharp_opinions()
CHOICES = st.lists(st.lists(st.integers(4, 6), min_size=1, max_size=5), min_size=1, max_size=12, unique_by=tuple)


@settings(deadline=None, max_examples=25)
@given(CHOICES)
def test_a_choice_scores_what_it_scores_alone(choices: list[list[int]]) -> None:
    memory, prompt = MODEL.read(pad_sources(SOURCES))
    together = score_choices(MODEL, memory, prompt, trie_of(choices))
    for source, scores in zip(SOURCES, together.tolist(), strict=True):
        expected = [scored_by_teacher_forcing(MODEL, source, choice, 0.0) for choice in choices]
        assert scores == pytest.approx(expected, abs=1e-4)


@given(CHOICES)
def test_a_trie_has_each_beginning_once(choices: list[list[int]]) -> None:
    levels = trie_of(choices)
    beginnings = {tuple(choice[: length + 1]) for choice in choices for length in range(len(choice))}
    assert sum(len(level.inner) for level in levels) == len(beginnings)
    assert sorted(number for level in levels for number in level.ends.values()) == list(range(len(choices)))
    assert width_of(levels) <= len(choices)


@over_writers
def test_every_architecture_scores_one_choice_as_many(section: ModelSection) -> None:
    backend = TorchBackend(fresh(section))
    sources, choices = [[5, 6, 7], [8]], [[5, 6], [5, 6, 7, 8], [9], [5, 10, 4]]
    together = backend.score(sources, choices)
    for number, choice in enumerate(choices):
        alone = [backend.score([source], [choice])[0][0] for source in sources]
        assert [scores[number] for scores in together] == pytest.approx(alone, abs=1e-4)


def test_without_an_encoder_choices_stand_behind_the_source() -> None:
    model = decoder_only("transformer")
    for source, scores in zip(SOURCES, TorchBackend(model).score(SOURCES, [[4, 5], [6]]), strict=True):
        expected = [log_probability_behind(model, source, choice) for choice in ([4, 5], [6])]
        assert scores == pytest.approx(expected, abs=1e-4)


def test_answers_are_of_the_list_best_first_whatever_stands_beside_them() -> None:
    generator = translator(choices="c e\nf\n\nc e g\n f \n")
    generator.confidence = TextConfidence(1, 1, 0)
    texts = ["a e d", "b", "c c a b e"]
    answers = generator.answer([*texts, ""], generator.decoding)
    for found in answers[:3]:
        assert {each.text for each in found} == {"c e", "f", "c e g"}
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert answers[3][0].text == ""
    assert set(generator.columns(answers)) == set(generator.column_types) == {"prediction", "truncated"}
    in_any_company(generator, texts, generator.decoding)
    columns = Predictor(generator, False)(texts, {"n_best": 3})
    assert all(len(each) == 3 for each in columns["predictions"])
    with pytest.raises(UserError, match="n_best is 4 and the number of choices 3"):
        Predictor(generator, False)(texts, {"n_best": 4})


def test_ctranslate2_scores_alike(tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    from tests.decoding.test_backends import TEXTS, checkpoint

    (tmp_path / "made").mkdir()
    made = checkpoint(tmp_path / "made")
    export(made, tmp_path / "backend", "ctranslate2")
    own, other = load_generator(made), load_generator(tmp_path / "backend")
    sources, choices = own.encode([TEXTS[row] for row in (8, 0, 3)]), [[5, 6], [7], [5, 6, 8, 9]]
    for one, two in zip(own.backend.score(sources, choices), other.backend.score(sources, choices), strict=True):
        assert one == pytest.approx(two, abs=1e-3)


def test_lists_that_cannot_be_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choices are answers as they stand"):
        DecodingSection(choices="a", protect="tags")
    generator: Generator = translator(choices="c\nnever ever\n")
    with pytest.raises(UserError, match="this model has no words for 'never ever'"):
        generator.answer(["a"], generator.decoding)
    with pytest.raises(UserError, match="has 3 tokens, and an answer 2 at most"):
        generator.answer(["a"], DecodingSection(choices="c c c", max_length=3))
    model = load_generator(language_model(tmp_path / "m"))
    with pytest.raises(UserError, match=r"decoding\.choices is for models that write a text for a text"):
        model.answer(["a"], DecodingSection(choices="a"))
