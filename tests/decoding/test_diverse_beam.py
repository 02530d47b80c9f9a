"""Diverse beam search: one group is a beam, the first of several too, and the others differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.padded_batch import pad_sources
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.diverse_beam import Diversity
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.recipe.schema import DecodingSection
from tests.decoding.test_batch_independence import alike, in_any_company
from tests.decoding.test_lexical_constraints import translator
from tests.decoding.test_search import SOURCES, model_with_sharp_opinions, scored_by_teacher_forcing

MODEL = model_with_sharp_opinions()


def search(size: int, diversity: Diversity, penalty: float = 1.0) -> list[list[Hypothesis]]:
    return beam_search(MODEL, *MODEL.read(pad_sources(SOURCES)), size, 8, penalty, diversity=diversity)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 6), st.floats(0, 9), st.sampled_from([0.0, 1.0]))
def test_one_group_is_an_ordinary_beam(size: int, strength: float, penalty: float) -> None:
    assert search(size, Diversity(1, strength), penalty) == search(size, Diversity(), penalty)


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 4), st.integers(1, 3), st.floats(0, 9))
def test_the_first_group_is_a_beam_and_scores_are_the_models(groups: int, width: int, strength: float) -> None:
    plain = search(width, Diversity())
    for source, beam, alone in zip(SOURCES, search(groups * width, Diversity(groups, strength)), plain, strict=True):
        found = {tuple(each.tokens): each.score for each in beam}
        assert len(found) == len(beam)
        assert [each.score for each in beam] == sorted((each.score for each in beam), reverse=True)
        for each in alone:
            assert found[tuple(each.tokens)] == pytest.approx(each.score, abs=1e-4)
        for each in beam:
            if not each.truncated:
                assert each.score == pytest.approx(scored_by_teacher_forcing(MODEL, source, each.tokens, 1.0), abs=1e-4)


def test_groups_write_different_first_tokens() -> None:
    for beam in search(3, Diversity(3, 100.0)):
        assert len({tuple(each.tokens[:1]) for each in beam}) == 3


def test_without_a_penalty_all_groups_find_the_same() -> None:
    for beam, alone in zip(search(6, Diversity(3, 0.0)), search(2, Diversity()), strict=True):
        assert [each.tokens for each in beam] == [each.tokens for each in alone]


def test_no_answer_depends_on_its_neighbors_and_protection_works_beside() -> None:
    decoding = DecodingSection(beam_size=4, beam_groups=2)
    texts = ["a e d", "b", "c c a b e"]
    in_any_company(translator(), texts, decoding)
    protected = translator(beam_groups=2, protect="numbers")
    columns = protected.columns(protected.answer(["a 17 b"], protected.decoding))
    assert columns["prediction"][0].count("17") == 1
    free = translator()
    alike(free.answer(["a"], decoding)[0][:1], translator(beam_groups=2).answer(["a"], decoding)[0][:1])


def test_groups_that_do_not_fit_are_one_sentence() -> None:
    for options in ({"beam_size": 5, "beam_groups": 2}, {"method": "sample", "beam_groups": 5}):
        with pytest.raises(ValueError, match="share a beam evenly"):
            DecodingSection(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a glossary needs the whole beam"):
        DecodingSection(beam_size=4, beam_groups=2, glossary="a\tb")
