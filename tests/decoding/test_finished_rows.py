"""Compaction of finished rows, for every architecture with a decoder, does not change the answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from seqloom.dataset.padded_batch import pad_sources
from seqloom.decoding import beam_search, search_loop
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.sampling import draw_uniforms, sample
from seqloom.decoding.search_scores import should_compact
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.schema import ModelSection
from seqloom.vocabulary.special_tokens import END
from tests.models.test_base_classes import SIZES, fresh, over_writers

LONGEST, ROWS = 12, 16

Leaving = Callable[[int, int], bool]
WAYS: list[Leaving] = [lambda *_: False, lambda writing, computed: writing < computed, should_compact]


def sometimes_ending(section: ModelSection) -> EncoderDecoder:
    """A model that ends about every fourth token, so that rows are finished one after the other."""
    model = fresh(section)
    with torch.no_grad():
        model.output.bias[END] += 2.0
    return model


@over_writers
@pytest.mark.parametrize("method", ["beam", "sample"])
def test_finished_rows_leave_and_change_nothing(
    section: ModelSection, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = sometimes_ending(section)
    random = np.random.default_rng(1)
    sources = [random.integers(4, SIZES.source, size=random.integers(1, 7)).tolist() for _ in range(ROWS)]
    memory, prompt = model.read(pad_sources(sources))

    def write() -> list[Hypothesis]:
        if method == "beam":
            found = beam_search.beam_search(model, memory, prompt, 3, LONGEST, 1.0)
            return [hypothesis for hypotheses in found for hypothesis in hypotheses]
        return sample(model, memory, prompt, LONGEST, draw_uniforms(1, range(ROWS), LONGEST), 1.0, 1.0, 0, 1.0)

    written = []
    for way in WAYS:
        for module in (beam_search, search_loop):
            monkeypatch.setattr(module, "should_compact", way)
        written.append(write())
    assert len({len(hypothesis.tokens) for hypothesis in written[0]}) > 1, "all end at once"
    for others in written[1:]:
        assert [h.tokens for h in others] == [h.tokens for h in written[0]]
        assert [h.score for h in others] == pytest.approx([h.score for h in written[0]], abs=1e-5)


@over_writers
@pytest.mark.parametrize("method", ["beam", "sample"])
def test_the_last_row_that_ends_is_the_last_step(
    section: ModelSection, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, steps = fresh(section), 0
    with torch.no_grad():
        model.output.bias[END] += 50.0
    step = model.step

    def counted(*parts: Any) -> Any:
        nonlocal steps
        steps += 1
        return step(*parts)

    monkeypatch.setattr(model, "step", counted)
    memory, prompt = model.read(pad_sources([[4], [6]]))
    if method == "beam":
        beam_search.beam_search(model, memory, prompt, 1, LONGEST, 1.0)
    else:
        sample(model, memory, prompt, LONGEST, draw_uniforms(1, range(2), LONGEST), 1.0, 1.0, 0, 1.0)
    assert steps <= 2  # a beam without an encoder reads the token of the prompt by a step
