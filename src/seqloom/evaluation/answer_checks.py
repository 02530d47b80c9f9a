"""Checks of the answers beside their scores: robustness, confidence, constraints, memorization, BERTScore."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.decoding.confidence import CONFIDENCE
from seqloom.evaluation.adversarial_search import ADVERSARIAL, BROKEN_SHARE, adversarial_search, attacked_rows
from seqloom.evaluation.answer_constraints import CONSTRAINTS, constraint_shares
from seqloom.evaluation.applications.evaluator import Evaluator
from seqloom.evaluation.bertscore import BERTSCORE, bertscore
from seqloom.evaluation.calibration import reliability
from seqloom.evaluation.exposure import EXPOSURE
from seqloom.evaluation.memorization import MEMORIZATION, memorization
from seqloom.evaluation.robustness import ROBUSTNESS, robustness, sampled_rows
from seqloom.evaluation.system_answers import Predict, SystemAnswers, of_rows
from seqloom.evaluation.word_vectors import WORD_VECTORS, intrinsic_metrics
from seqloom.progress import Progress
from seqloom.recipe.applications import metric_of_recipe
from seqloom.recipe.schema import Recipe

CONFIDENCE_ERROR = "confidence_error"  # metric: expected calibration error of the confidence
_FIGURES = (
    (ROBUSTNESS, ROBUSTNESS, "kept"),
    (BERTSCORE, BERTSCORE, "f1"),
    (EXPOSURE, EXPOSURE, "mean"),
    (CONFIDENCE, CONFIDENCE_ERROR, "error"),
)
"""Each check with a single figure, the metric that it becomes, and the name of the figure among its facts."""


def check_answers(
    recipe: Recipe,
    evaluator: Evaluator,
    predict: Predict,
    answers: SystemAnswers,
    unseen: SystemAnswers,
    train: pd.DataFrame,
    device: str,
    progress: Progress,
) -> dict[str, Any]:
    """Return the checks that the recipe and the rows allow; `predict` is given row numbers of `answers`.

    Memorized answers are counted among `unseen`, which do not stand in training.
    """
    checks: dict[str, Any] = {}
    sample = sampled_rows(recipe, evaluator, answers.test)
    if sample:
        some, metric, ask = answers.only(sample), metric_of_recipe(recipe), of_rows(predict, sample)
        checks[ROBUSTNESS] = robustness(ask, evaluator, metric, some.test, some.of_model, progress)
    if attacked := attacked_rows(recipe, answers.test) if recipe.evaluation.adversarial_budget else []:
        some, budget, ask = answers.only(attacked), recipe.evaluation.adversarial_budget, of_rows(predict, attacked)
        checks[ADVERSARIAL] = adversarial_search(ask, evaluator, some.test, some.of_model, budget, progress)
    if CONFIDENCE in answers.of_model:
        right = evaluator.acceptable(answers.of_model, answers.test)
        found = reliability(answers.of_model[CONFIDENCE], right)
        checks[CONFIDENCE] = {**found, "acceptable": evaluator.kind.acceptable_words}
    if constraints := constraint_shares(answers.test.sources, answers.of_model, recipe.decoding):
        checks[CONSTRAINTS] = constraints
    if evaluator.kind.answer == "text":
        test, answered = unseen.test, unseen.of_model["prediction"]
        checks[MEMORIZATION] = memorization(test.sources, test.references, answered, train["target"])
    return {**checks, **_bertscore(recipe, answers, device, progress)}


def _bertscore(recipe: Recipe, answers: SystemAnswers, device: str, progress: Progress) -> dict[str, Any]:
    """Return the check of the answers by the recipe's encoder; none where it names none."""
    section = recipe.evaluation
    if not section.bertscore_model:
        return {}
    compared = answers.of_model["prediction"], answers.test.references
    return {BERTSCORE: bertscore(*compared, Path(section.bertscore_model), section.bertscore_layer, device, progress)}


def metrics_of(checks: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of the checks that were made."""
    found = {metric: checks[check][value] for check, metric, value in _FIGURES if check in checks}
    found |= {name: each["share"] for name, each in checks.get(CONSTRAINTS, {}).items()}
    found |= intrinsic_metrics(checks.get(WORD_VECTORS, {}))
    if checks.get(ADVERSARIAL, {}).get("acceptable"):
        found[BROKEN_SHARE] = checks[ADVERSARIAL]["share"]
    return found


def signatures_of(checks: Mapping[str, Any]) -> dict[str, str]:
    """Return the signatures of scores that checks are."""
    return {name: checks[name]["signature"] for name in (BERTSCORE,) if name in checks}
