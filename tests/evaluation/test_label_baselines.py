"""Majority and TF-IDF baselines of classification."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from seqloom.evaluation import label_baselines
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.applications.sentiment_evaluator import SentimentEvaluator
from seqloom.evaluation.label_baselines import (
    MAX_PASSES,
    MAX_WEIGHTS,
    MIN_PASSES,
    MIN_ROWS_PER_LABEL,
    BaselineBudget,
    majority_baseline,
    tfidf_baseline,
)
from seqloom.progress import unwatched
from tasks.pages.model_pages import scores_table

TEXTS = ["a lovely room", "lovely soup", "awful bed", "an awful, noisy room", "lovely", "noisy and awful"]
VERDICTS = ["good", "good", "bad", "bad", "good", "bad"]


def test_the_majority_is_as_sure_as_it_is_frequent() -> None:
    replies = majority_baseline(["b", "a", "b", "a", "b"], 2)
    assert replies == {"prediction": ["b", "b"], "probability": [0.6, 0.6]}
    assert majority_baseline(["b", "a"], 1)["prediction"] == ["a"]  # of equals always the same


def test_tfidf_learns_what_words_say() -> None:
    replies = tfidf_baseline(TEXTS, VERDICTS, ["lovely bed", "awful soup"], unwatched)
    assert replies["prediction"] == ["good", "bad"]
    assert all(0.5 < chance < 1 for chance in replies["probability"])


@pytest.mark.parametrize("texts", [["今天天气很好", "不好吃"], ["", "!"]])
def test_any_text_gets_a_label(texts: list[str]) -> None:
    assert set(tfidf_baseline(TEXTS, VERDICTS, texts, unwatched)["prediction"]) <= {"good", "bad"}


@pytest.mark.parametrize(("labels", "rows"), [(2, 12_000), (20, 40_000), (1000, 100_000)])
def test_memory_and_time_are_bounded_whatever_the_labels(labels: int, rows: int) -> None:
    bounds = BaselineBudget.of(
        ["about a hundred characters of text, as people write them " * 2] * rows, _in_turn(labels, rows)
    )
    columns = labels if labels > 2 else 1
    assert bounds.features * columns <= MAX_WEIGHTS
    assert bounds.rows >= min(rows, MIN_ROWS_PER_LABEL * labels)
    assert MIN_PASSES <= bounds.passes <= MAX_PASSES
    assert bounds.whole == (labels == 2)
    assert bounds.rows * 112 * columns <= max(label_baselines.MAX_PRODUCTS, MIN_ROWS_PER_LABEL * labels * 112 * columns)


def test_a_small_task_is_damage_reported() -> None:
    texts = [f"{text} {number}" for number in range(20) for text in TEXTS]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True)
    plain = LogisticRegression(max_iter=1000).fit(vectors.fit_transform(texts), VERDICTS * 20)
    asked = ["lovely bed", "awful soup"]
    expected = plain.predict_proba(vectors.transform(asked)).max(axis=1)
    assert tfidf_baseline(texts, VERDICTS * 20, asked, unwatched)["probability"] == pytest.approx(expected)


def test_a_large_one_is_read_in_part_of_every_label(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    class Watched(LogisticRegression):
        def fit(self, rows: object, labels: object) -> "Watched":
            seen.append((rows.shape, np.unique(labels, return_counts=True)[1].tolist()))  # type: ignore[attr-defined]
            return super().fit(rows, labels)

    monkeypatch.setattr(label_baselines, "LogisticRegression", Watched)
    monkeypatch.setattr(label_baselines, "MAX_PRODUCTS", 1 << 12)
    monkeypatch.setattr(label_baselines, "MAX_WEIGHTS", 90)
    labels = _in_turn(3, 900)
    texts = [f"{label} says {row}" for row, label in enumerate(labels)]
    found = tfidf_baseline(texts, labels, ["l0 says", "l2 says 7"], unwatched)
    assert found["prediction"] == ["l0", "l2"]
    [((rows, features), counts)] = seen
    assert features == 30
    assert rows == sum(counts) < 900
    assert min(counts) >= MIN_ROWS_PER_LABEL
    bounds = BaselineBudget.of(texts, labels)
    assert bounds.rows == pytest.approx(rows, abs=3)
    assert bounds.description.startswith(f"some {bounds.rows:,} rows, 30 n-grams at most")


def test_the_linear_model_can_be_switched_off() -> None:
    judge, train = SentimentEvaluator(), pd.DataFrame({"source": TEXTS, "target": VERDICTS})
    test = EvalSet(TEXTS, VERDICTS)
    assert list(judge.cheap_baselines(train, test, unwatched)) == ["majority"]
    assert list(judge.baselines(train, test, unwatched)) == ["tfidf", "majority"]
    assert judge.baseline_bounds(train) == {}
    metrics = {"test/macro_f1": 0.5, "baseline/majority/macro_f1": 0.3}
    assert judge.kind.baselines_in(metrics) == {"majority": "majority label"}
    assert "logistic" not in scores_table("sentiment", metrics, "this model", {})


def test_of_many_labels_the_most_frequent_are_in_the_table() -> None:
    labels = [f"l{row}" for row in range(300)] + ["l299"]
    found = SentimentEvaluator().facts({"prediction": labels}, EvalSet(labels, labels))["confusion"]
    assert len(found["labels"]) == len(found["rows"]) == len(found["rows"][0]) == 100
    assert "l299" in found["labels"]


def _in_turn(labels: int, rows: int) -> list[str]:
    return [f"l{row % labels}" for row in range(rows)]
