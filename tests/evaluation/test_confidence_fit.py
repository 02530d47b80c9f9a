"""Confidence: fitted on validation rows, stored beside the weights, and said of every answer."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.decoding.answers import Answer
from seqloom.decoding.confidence import (
    CONFIDENCE,
    CONFIDENCE_FILE,
    LabelConfidence,
    TextConfidence,
    read_confidence,
    require_confidence,
    write_confidence,
)
from seqloom.errors import UserError
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.calibration import reliability
from seqloom.evaluation.confidence_fit import FEW, confidence_of, fit_temperature, fit_texts
from seqloom.progress import unwatched
from seqloom.recipe.schema import DecodingSection
from tests.decoding.test_lexical_constraints import translator
from tests.registry.tiny import recipe_named

DECODING = DecodingSection()
TEXTS = TextConfidence(3.0, 2.0, -0.4)
SCORES = st.floats(-20, 0)


def answer(score: float, length: int = 4) -> Answer:
    return Answer("x", score, [7] * length)


@given(SCORES, SCORES, st.integers(0, 60), st.floats(0, 3))
def test_a_surer_score_is_never_less_confident_whatever_it_is_divided_by(
    one: float, other: float, length: int, penalty: float
) -> None:
    sure = [TEXTS.of([answer(each * (length + 1) ** -penalty, length)], penalty)[0] for each in (one, other)]
    assert all(0 <= each <= 1 for each in sure)
    if one < other:
        assert sure[0] <= sure[1] + 1e-6
    assert TEXTS.of([answer(one / (length + 1), length)], 1.0)[0] == pytest.approx(
        TEXTS.of([answer(one * (length + 1) ** -penalty, length)], penalty)[0], abs=1e-5
    )


@given(st.lists(SCORES, min_size=1, max_size=8), st.floats(0.05, 20))
def test_confidences_of_labels_are_a_distribution_in_the_order_of_the_scores(
    scores: list[float], temperature: float
) -> None:
    found = [answer(score) for score in sorted(scores, reverse=True)]
    sure = LabelConfidence(temperature).of(found, 1.0)
    assert sum(sure) == pytest.approx(1, abs=1e-5)
    assert sure == sorted(sure, reverse=True)


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 1000))
def test_a_fit_is_calibrated_where_the_world_is_a_logistic_curve(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, lengths = -random.gamma(2.0, 0.7, 4000), random.integers(1, 30, 4000)
    true = 1 / (1 + np.exp(-(2.5 + 2.0 * scores - 0.5 * np.log(lengths + 1))))
    right = random.random(4000) < true
    answers = [[answer(score, int(length))] for score, length in zip(scores, lengths, strict=True)]
    fitted = fit_texts(answers, right.tolist(), DECODING)
    sure = [fitted.of(found, 1.0)[0] for found in answers]
    assert np.abs(np.array(sure) - true).mean() < 0.03
    assert reliability(sure, right.tolist())["error"] < 0.04


def test_a_temperature_is_found_again() -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 1, (3000, 4))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = [int(random.choice(4, p=row)) for row in true]
    hotter = 3 * logits - np.log(np.exp(3 * logits).sum(axis=1, keepdims=True))  # sure beyond all measure
    answers = [
        sorted((Answer(str(label), float(score), [label]) for label, score in enumerate(row)), key=lambda a: -a.score)
        for row in hotter
    ]
    references = [*map(str, labels[:-1]), "never seen"]
    assert fit_temperature(answers, references) == pytest.approx(3.0, rel=0.1)
    assert fit_temperature(answers[:1], ["never seen"]) == 1.0


@pytest.mark.parametrize("right", [True, False])
def test_rows_that_are_all_alike_have_a_finite_fit(right: bool) -> None:
    answers = [[answer(-number / 10)] for number in range(30)]
    fitted = fit_texts(answers, [right] * 30, DECODING)
    assert all(map(math.isfinite, vars(fitted).values()))
    assert (fitted.of(answers[3], 1.0)[0] > 0.9) is right


def test_a_score_that_says_nothing_is_left_out() -> None:
    answers = [[answer(-number / 10)] for number in range(30)]
    fitted = fit_texts(answers, [number > 20 for number in range(30)], DECODING)  # right where the score is low
    assert fitted.log_probability == 0
    assert fitted.of(answers[0], 1.0) == fitted.of(answers[29], 1.0)


@pytest.mark.parametrize("confidence", [TEXTS, LabelConfidence(1.5)])
def test_what_is_written_is_read(confidence: TextConfidence | LabelConfidence, tmp_path: Path) -> None:
    assert read_confidence(tmp_path) is None
    write_confidence(confidence, tmp_path)
    assert read_confidence(tmp_path) == confidence
    assert isinstance(json.loads((tmp_path / CONFIDENCE_FILE).read_text()), dict)


def test_reliability_by_hand() -> None:
    found = reliability([0.1, 0.1, 0.9, 1.0], [False, True, True, True])
    assert found["curve"] == [
        {"rows": 2, "confidence": 0.1, "right": 0.5},
        {"rows": 1, "confidence": 0.9, "right": 1.0},
        {"rows": 1, "confidence": 1.0, "right": 1.0},
    ]
    assert found["error"] == pytest.approx((0.8 + 0.1 + 0.0) / 4)
    assert (found["right"], found["confidence"]) == (0.75, 0.525)


def test_answers_say_how_sure_they_are_and_old_versions_answer_as_before() -> None:
    generator = translator()
    before = generator.columns(generator.answer(["a", "b d"], generator.decoding))
    assert CONFIDENCE not in before
    with pytest.raises(UserError, match="old has no confidence"):
        require_confidence(generator, "old")
    generator.confidence = TEXTS
    require_confidence(generator, "new")
    answers = generator.answer(["a", "b d", ""], generator.decoding)
    columns = generator.columns(answers)
    assert set(columns) == set(generator.column_types)
    assert {name: columns[name][:2] for name in before} == before
    assert columns[CONFIDENCE] == [found[0].confidence for found in answers]
    assert all(each.confidence is not None for found in answers for each in found)


def test_few_rows_and_continuations_teach_nothing() -> None:
    generator, recipe = translator(), recipe_named("tiny")
    rows = EvalSet(["a b"] * FEW, ["c d"] * FEW)
    few = rows.only(range(FEW - 1))
    assert confidence_of(recipe, evaluator_of("translation"), generator, few, unwatched) is None
    assert confidence_of(recipe, evaluator_of("generation"), generator, rows, unwatched) is None
    assert isinstance(confidence_of(recipe, evaluator_of("translation"), generator, rows, unwatched), TextConfidence)
