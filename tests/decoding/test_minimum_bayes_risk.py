"""Minimum Bayes risk ranking, with chrF as sacrebleu counts it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF

from seqloom.decoding.minimum_bayes_risk import mbr_rank, pairwise_chrf
from seqloom.decoding.predictor import Predictor
from seqloom.decoding.sampling import draw_uniforms
from tests.registry.tiny import write_checkpoint

TEXTS = st.lists(st.text(st.sampled_from("ab 天\u3000"), max_size=12), min_size=1, max_size=5)


def by_sacrebleu(texts: Sequence[str]) -> list[list[float]]:
    return [[CHRF().sentence_score(text, [truth]).score / 100 for truth in texts] for text in texts]


@given(TEXTS)
def test_likeness_is_the_chrf_of_sacrebleu(texts: list[str]) -> None:
    np.testing.assert_allclose(pairwise_chrf(texts), by_sacrebleu(texts), atol=1e-6)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["yes"], [0]),
        (["a red dog", "the dog is red", "the dog is big"], [1, 2, 0]),
        (["x", "two", "two"], [1, 2, 0]),
        (["same", "same", "same"], [0, 1, 2]),
        (["", "", "word"], [2, 0, 1]),  # nothing agrees with nothing
    ],
)
def test_the_most_agreed_with_comes_first(texts: list[str], order: list[int]) -> None:
    assert mbr_rank(texts) == order


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return Predictor.load(write_checkpoint(tmp_path_factory.mktemp("checkpoint")))


def test_an_answer_is_the_one_that_its_draws_agree_with_most(answering: Predictor) -> None:
    how = {"method": "sample", "temperature": 1.5, "max_length": 12, "num_samples": 8}
    rows = ["a small dog", "a dog", "small"]
    told = answering(rows, {**how, "n_best": 8, "return_scores": True})
    for best, drawn in zip(told["prediction"], told["predictions"], strict=True):
        agreed = np.mean(by_sacrebleu(drawn), axis=1)
        assert best == drawn[0]
        assert agreed.tolist() == pytest.approx(sorted(agreed, reverse=True), abs=1e-6)
        assert len(set(drawn)) > 1
    assert answering(rows, how)["prediction"] == told["prediction"]
    assert answering(rows, {**how, "batch_size": 1})["prediction"] == told["prediction"]


def test_luck_does_not_depend_on_how_much_of_it_is_asked_for() -> None:
    few, many = (draw_uniforms(3, [5, 6], tokens, times=4) for tokens in (7, 30))
    assert many[:, :7].equal(few)
    assert draw_uniforms(3, [6], 7, times=4).equal(few[4:])
    assert len(few.unique()) == few.numel()


def test_a_recipe_may_ask_for_it(tmp_path: Path) -> None:
    drawing = {"method": "sample", "temperature": 3.0}
    several = Predictor.load(write_checkpoint(tmp_path, decoding={**drawing, "num_samples": 16}))
    asked = ["a small dog"] * 12
    assert several(asked, {}) == several(asked, {**drawing, "num_samples": 16})
    assert several(asked, {}) != several(asked, {"num_samples": 1})
