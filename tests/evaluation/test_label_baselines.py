"""What a labelling model has to beat."""

import pytest

from seqloom.evaluation.label_baselines import majority_baseline, tfidf_baseline
from seqloom.progress import unwatched

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
