"""Minimum length, repetition penalty and no repeated n-grams, in every search; CTranslate2 by its own."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator_loader import load_generator, read_generator
from seqloom.decoding.logits_processors import LogitsProcessors
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.recipe.schema import DecodingSection
from seqloom.vocabulary.special_tokens import END
from tests.decoding.test_search import SOURCES, language_model, model_with_sharp_opinions

WAYS: dict[str, dict[str, Any]] = {
    "greedy": {"beam_size": 1},
    "beam": {"beam_size": 4},
    "sample": {"method": "sample", "num_samples": 3},
}
over_ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def ngrams(tokens: list[int], order: int) -> list[tuple[int, ...]]:
    return [tuple(tokens[start : start + order]) for start in range(len(tokens) - order + 1)]


@over_ways
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("prompted", [False, True])
def test_no_ngram_occurs_twice(way: dict[str, Any], order: int, prompted: bool) -> None:
    model = language_model("transformer") if prompted else model_with_sharp_opinions()
    with torch.no_grad():
        model.output.bias[END] = -30.0
    plain, only_once = (DecodingSection(**way, no_repeat_ngram=n) for n in (0, order))
    limits = [3 if order == 1 else 8] * len(SOURCES)  # three tokens may be written at all
    found = [TorchBackend(model).search(SOURCES, limits, how, [0, 1, 2]) for how in (plain, only_once)]
    repeats = [[len(n) > len(set(n)) for row in each for h in row for n in [ngrams(h.tokens, order)]] for each in found]
    assert any(repeats[0])
    assert not any(repeats[1])


@over_ways
def test_answers_are_as_long_as_asked(way: dict[str, Any]) -> None:
    model = model_with_sharp_opinions()
    with torch.no_grad():
        model.output.bias[END] = 30.0
    limits = [9, 4, 6]
    for least in (0, 3, 5):
        found = TorchBackend(model).search(SOURCES, limits, DecodingSection(**way, min_length=least), [0, 1, 2])
        assert [len(row[0].tokens) for row in found] == [min(least, most) for most in limits]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_the_penalty_is_that_of_the_paper(data: st.DataObject) -> None:
    """Keskar et al. 2019 with the sign of the logits as in CTranslate2, token by token in Python."""
    length, vocabulary = data.draw(st.integers(0, 6)), 5
    tokens = data.draw(st.lists(st.integers(0, vocabulary - 1), min_size=length, max_size=length))
    prompted = data.draw(st.integers(0, 6))
    logits = data.draw(st.lists(st.floats(-3, 3, width=32), min_size=vocabulary, max_size=vocabulary))
    row = torch.tensor([tokens], dtype=torch.long)
    found = LogitsProcessors(repetition_penalty=1.5).penalize(torch.tensor([logits]), row, torch.tensor([prompted]))
    written = set(tokens[prompted:])
    expected = [(x * 1.5 if x < 0 else x / 1.5) if token in written else x for token, x in enumerate(logits)]
    assert found[0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("options", [{"no_repeat_ngram": 2}, {"repetition_penalty": 1.7}, {"min_length": 6}])
def test_ctranslate2_does_the_same(tmp_path: Path, options: dict[str, Any]) -> None:
    pytest.importorskip("ctranslate2")
    from tests.decoding.test_backends import TEXTS, checkpoint

    (tmp_path / "made").mkdir()
    made = checkpoint(tmp_path / "made")
    export(made, tmp_path / "backend", "ctranslate2")
    plain, changed = DecodingSection(beam_size=1), DecodingSection(beam_size=1, **options)
    own, engine = read_generator(made), load_generator(tmp_path / "backend")
    expected = [found[0].tokens for found in own.answer(TEXTS, changed)]
    assert [found[0].tokens for found in engine.answer(TEXTS, changed)] == expected
    if "min_length" not in options:  # this model hardly ever ends by itself
        assert [found[0].tokens for found in own.answer(TEXTS, plain)] != expected
