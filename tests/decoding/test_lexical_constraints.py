"""Constrained beams, protected spans and glossaries: what was asked for stands in the answer."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.length_limit import LengthLimit
from seqloom.dataset.padded_batch import pad_sources
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.confidence import TextConfidence
from seqloom.decoding.generator import Generator
from seqloom.decoding.lexical_constraints import ConstraintProgress
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.errors import UserError
from seqloom.recipe.schema import DecodingSection
from tests.decoding.test_batch_independence import words
from tests.decoding.test_search import SOURCES, model_with_sharp_opinions, scored_by_teacher_forcing
from tests.models.plain import plain_model
from tests.models.test_base_classes import fresh

MODEL = model_with_sharp_opinions()
PHRASES = st.lists(st.lists(st.integers(4, 6), min_size=1, max_size=3).map(tuple), max_size=2)


def holds(tokens: list[int], phrase: tuple[int, ...]) -> bool:
    return any(tuple(tokens[start : start + len(phrase)]) == phrase for start in range(len(tokens)))


@settings(deadline=None, max_examples=25)
@given(st.lists(PHRASES, min_size=len(SOURCES), max_size=len(SOURCES)), st.sampled_from([4, 6]))
def test_answers_hold_their_phrases_and_score_as_teacher_forcing_says(
    phrases: list[list[tuple[int, ...]]], size: int
) -> None:
    constraints = [[(phrase,) for phrase in each] for each in phrases]
    model = MODEL
    found = beam_search(model, *model.read(pad_sources(SOURCES)), size, 14, 1.0, constraints=constraints)
    plain = beam_search(model, *model.read(pad_sources(SOURCES)), size, 14, 1.0)
    for source, asked, beam, free in zip(SOURCES, phrases, found, plain, strict=True):
        best = beam[0]
        assert all(holds(best.tokens, phrase) for phrase in asked)
        if not best.truncated:
            expected = scored_by_teacher_forcing(model, source, best.tokens, 1.0)
            assert best.score == pytest.approx(expected, abs=1e-4)
        if not asked:
            assert [each.tokens for each in beam] == [each.tokens for each in free]


@given(st.lists(st.integers(4, 6), max_size=12), PHRASES)
def test_progress_is_what_was_written(tokens: list[int], phrases: list[tuple[int, ...]]) -> None:
    progress = ConstraintProgress(tuple((phrase,) for phrase in phrases))
    for token in tokens:
        progress = progress.after(token)
    assert all(holds(tokens, phrases[index]) for index in progress.met)
    if not any(holds(tokens, phrase) for phrase in phrases):
        assert not progress.met
    assert progress.complete == (not progress.wanted())


def translator(**options: object) -> Generator:
    model = fresh(plain_model(encoder_width=8, decoder_width=8))
    decoding = DecodingSection(beam_size=4, **options)  # type: ignore[arg-type]
    return Generator(TorchBackend(model), words(29), words(31), decoding, limit=LengthLimit(1.0, 12.0))


def test_a_glossary_is_honored_and_says_so() -> None:
    generator = translator(glossary="a\tc|f\nb d\tg e\n")
    texts = ["a e", "b d a", "e", ""]
    found = generator.answer(texts, generator.decoding)
    columns = generator.columns(found)
    assert set(columns) == set(generator.column_types)
    assert columns["terms_honored"] == [1.0] * 4
    assert {"c", "f"} & set(columns["prediction"][0].split())
    assert "g e" in columns["prediction"][1]
    plain = translator()
    assert [each[0].text for each in plain.answer(texts, plain.decoding)][2:] == columns["prediction"][2:]


def test_what_the_vocabulary_cannot_write_is_carried_over_all_the_same() -> None:
    generator = translator(protect="placeholders, tags, numbers")
    texts = ["a {x} b <b>c</b> 17", "a b", "{x} {x}", "{x}"]
    for decoding in (generator.decoding, generator.decoding.model_copy(update={"beam_size": 1})):
        columns = generator.columns(generator.answer(texts, decoding))
        assert columns["carried_over"] == ["split", "none", "split", "split"]
        assert columns["prediction"][2:] == ["{x} {x}", "{x}"]
        first = columns["prediction"][0]
        assert [first.count(span) for span in ("{x}", "<b>", "</b>", "17")] == [1, 1, 1, 1]
        assert first.index("{x}") < first.index("<b>") < first.index("</b>") < first.index("17")


def test_an_answer_that_is_put_together_is_as_sure_as_its_least_sure_part() -> None:
    generator = translator(protect="tags")
    generator.confidence = TextConfidence(2.0, 1.0, -0.3)
    [found] = generator.answer(["a <b>e d"], generator.decoding)
    parts = generator.answer(["a", "e d"], DecodingSection(beam_size=4))
    assert found[0].carried_over == "split"
    assert found[0].confidence == min(each[0].confidence or 0.0 for each in parts)


def test_a_span_that_the_vocabulary_knows_is_searched_for() -> None:
    from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS
    from seqloom.vocabulary.vocabulary import Vocabulary

    generator = translator(protect="numbers")
    tokens = [*generator.target.tokens[:-1], f"{MARK}7"]
    generator.target = Vocabulary.of_words([*SPECIAL_TOKENS, *tokens[len(SPECIAL_TOKENS) :]])
    columns = generator.columns(generator.answer(["a 7 b", "a"], generator.decoding))
    assert columns["carried_over"] == ["kept", "none"]
    assert columns["prediction"][0].split().count("7") == 1


def test_no_answer_depends_on_its_neighbors_under_constraints() -> None:
    generator = translator(protect="numbers", glossary="a\tc\n")
    texts = ["a 17", "b", "a e d", "e 3"]
    together = [found[0].text for found in generator.answer(texts, generator.decoding)]
    assert [generator.answer([text], generator.decoding)[0][0].text for text in texts] == together


def test_sentences_of_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a glossary needs a beam to choose from"):
        DecodingSection(beam_size=1, glossary="a\tb")
    with pytest.raises(ValueError, match="protect names 'x'"):
        DecodingSection(protect="x")
    generator = translator(glossary="a\tc\n")
    generator.backend.takes_constraints = False  # type: ignore[misc]
    with pytest.raises(UserError, match="CTranslate2 has no search with constraints"):
        generator.answer(["a"], generator.decoding)
    from seqloom.decoding.generator_loader import read_generator
    from tests.decoding.test_language_model import checkpoint

    model = read_generator(checkpoint(tmp_path / "m"))
    with pytest.raises(UserError, match="protect and glossary are for models that write a text for a text"):
        model.answer(["a"], DecodingSection(protect="tags"))
