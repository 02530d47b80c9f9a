"""Fit the confidence of a model on validation rows.

N rows, L labels.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, logsumexp

from seqloom.corpus.corpus_files import read_split
from seqloom.decoding.answers import Answers
from seqloom.decoding.confidence import Confidence, LabelConfidence, TextConfidence, features
from seqloom.decoding.generator import Generator
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator
from seqloom.evaluation.paired_bootstrap import Figures
from seqloom.evaluation.row_sample import sample_by_text
from seqloom.progress import Progress
from seqloom.recipe.schema import DecodingSection, Recipe

ROWS, FEW = 500, 25  # validation rows: answered at most; and of fewer no confidence is learned
COLDEST, HOTTEST = 0.05, 20.0  # temperatures
RIDGE = 1e-3  # of the regression, per row: keeps it finite where a score separates right from wrong
STEPS = 50  # of Newton's method at most


def confidence_of(
    recipe: Recipe, evaluator: Evaluator, generator: Generator, rows: EvalSet, progress: Progress
) -> Confidence | None:
    """Answer validation rows and fit the confidence; None if they are few, or the task knows no right answers."""
    if evaluator.kind.answer == "continuation" or len(rows.sources) < FEW:
        return None
    progress(0, len(rows.sources), "rows", "confidence on the validation split")
    answers = generator.answer(rows.sources, recipe.decoding)
    progress(len(rows.sources), len(rows.sources), "rows", "confidence on the validation split")
    if evaluator.kind.answer == "label":
        return LabelConfidence(fit_temperature(answers, rows.references))
    right = evaluator.acceptable(generator.columns(answers, recipe.decoding), rows)
    return fit_texts(answers, right, recipe.decoding)


def validation_rows(recipe: Recipe, corpus: Path) -> EvalSet:
    """Return the validation rows that the confidence is fitted on."""
    return EvalSet.of(sample_by_text(read_split(corpus, "validation"), ROWS), recipe.corpus.target_language)


def fit_temperature(answers: Answers, references: Sequence[str]) -> float:
    """Return the temperature by which the references are most probable; rows with a label unknown do not count."""
    places = [
        next((place for place, each in enumerate(found) if each.text == wanted), None)
        for found, wanted in zip(answers, references, strict=True)
    ]
    known = [row for row, place in enumerate(places) if place is not None]
    if not known:
        return 1.0
    scores = np.array([[each.score for each in answers[row]] for row in known])  # (N, L)
    right = scores[np.arange(len(known)), [place for place in places if place is not None]]

    def loss(log_temperature: float) -> float:
        by = np.exp(log_temperature)
        return float(np.mean(logsumexp(scores / by, axis=1) - right / by))

    found = minimize_scalar(loss, bounds=np.log([COLDEST, HOTTEST]), method="bounded")
    return round(float(np.exp(found.x)), 6)


def fit_texts(answers: Answers, right: Sequence[bool], decoding: DecodingSection) -> TextConfidence:
    """Return the regression of acceptable answers on log-probability and length; a higher probability is never less."""
    rows = np.array([features(found[0], decoding.length_penalty) for found in answers])
    weights = _logistic(rows, np.array(right))
    if weights[1] < 0:  # chance, on few rows: the score says nothing
        weights = np.insert(_logistic(rows[:, 1:], np.array(right)), 1, 0.0)
    return TextConfidence(*(round(float(weight), 6) for weight in weights))


def _logistic(rows: Figures, right: NDArray[np.bool_]) -> Figures:
    """Return bias and weights of a logistic regression, by Newton's method.

    The goals are those of Platt 1999, a little inside 0 and 1, as rows of one kind alone would have no finite optimum.
    """
    yes, no = int(right.sum()), int((~right).sum())
    goals = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    inputs = np.column_stack([np.ones(len(rows)), (rows - mean) / deviation])
    penalty = np.full(inputs.shape[1], RIDGE * len(rows))
    penalty[0] = 0.0
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        shares = expit(inputs @ weights)
        gradient = inputs.T @ (shares - goals) + penalty * weights
        curvature = inputs.T @ (inputs * (shares * (1 - shares))[:, None]) + np.diag(penalty + 1e-9)
        change = np.linalg.solve(curvature, gradient)
        weights -= change
        if np.abs(change).max() < 1e-9:
            break
    slopes = weights[1:] / deviation
    return np.concatenate([[weights[0] - slopes @ mean], slopes])
