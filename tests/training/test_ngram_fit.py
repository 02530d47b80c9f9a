"""The linear part against scikit-learn's logistic regression."""

import math
from collections import Counter
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from seqloom.dataset.padded_batch import pad_sources
from seqloom.dataset.sequences import Sequences
from seqloom.models.ngram_classifier import BASE, NgramLinear
from seqloom.training import ngram_features, ngram_fit
from seqloom.training.ngram_features import Bag, Ngrams, char_ngrams, char_ngrams_of, ngrams_of
from seqloom.training.ngram_fit import STRENGTH, fit, top_ngrams
from seqloom.vocabulary.special_tokens import END, SPECIAL_TOKENS

WORDS = ["▁good", "▁goods", "▁bad", "▁badly", "▁a", "▁film", "好", "▁filming"]
TOKENS = [*SPECIAL_TOKENS, *WORDS]
RANDOM = np.random.default_rng(11)
TEXTS = [RANDOM.choice(range(4, len(TOKENS)), size=size, replace=False).tolist() for size in RANDOM.integers(1, 6, 60)]
LABELS = [int(4 in text or 5 in text) + int(6 in text) for text in TEXTS]  # three of them


def sequences(rows: list[list[int]]) -> Sequences:
    return Sequences(np.concatenate(rows).astype(np.int32), np.cumsum([0, *map(len, rows)]))


def targets(labels: list[int]) -> Sequences:
    return sequences([[label + len(SPECIAL_TOKENS)] for label in labels])


def places_of(bag: Bag, row: int) -> torch.Tensor:
    ends = [*bag.starts.tolist(), len(bag.indices)]
    return bag.indices[ends[row] : ends[row + 1]]


def part_of(runs: Ngrams, tokens: list[str] = TOKENS, labels: int = 3) -> NgramLinear:
    fitted = fit(runs, char_ngrams_of(runs, tokens), labels)
    part = NgramLinear(len(fitted.keys), labels, 2)
    fitted.copy_to(part)
    return part


def features(text: list[int]) -> Counter[str]:
    """Tokens, pairs and letters of a text, by name."""
    ids = [*text, END]
    pairs = pairwise(ids)
    letters = (run for token in text for run in char_ngrams(TOKENS[token]))
    return Counter([*map(str, ids), *(f"{one} {two}" for one, two in pairs), *(f"letters {run}" for run in letters)])


def test_it_is_logistic_regression_of_tokens_pairs_and_letters() -> None:
    counts = [features(text) for text in TEXTS]
    frequency = Counter(name for count in counts for name in count)
    for name in list(frequency):  # two words of a row that are spelt alike count twice, in the rows of letters too
        if name.startswith("letters "):
            frequency[name] = min(len(TEXTS), sum(count[name] for count in counts))
    names = [name for name, rows in frequency.items() if rows > 1 or name.isdigit() or name.startswith("letters ")]
    idf = np.array([math.log((1 + len(TEXTS)) / (1 + frequency[name])) + 1 for name in names])
    runs = ngrams_of(sequences(TEXTS), targets(LABELS), 2, 3)
    of_runs = [value for name, value in zip(names, idf, strict=True) if not name.startswith("letters ")]
    np.testing.assert_allclose(sorted(runs.idf.tolist()), sorted(of_runs), rtol=1e-6)
    matrix = np.array([[count[name] for name in names] for count in counts])
    lengths = np.sqrt((matrix * idf**2).sum(axis=1))  # as if nothing came twice
    rows = matrix * idf / lengths[:, None]
    expected = LogisticRegression(C=STRENGTH, tol=1e-9, max_iter=5000).fit(rows, LABELS)
    ours = part_of(runs)(pad_sources(TEXTS)).softmax(dim=1)
    np.testing.assert_allclose(ours.numpy(), expected.predict_proba(rows), atol=2e-3)


def test_a_rare_word_says_what_words_that_look_like_it_say() -> None:
    """goods is in one row, without the label that good has; and a film is more often good than bad."""
    texts = [[4, 8], [4, 9], [4, 10], [6, 8], [6, 9], [6, 10], [8, 9], [5]]
    runs = ngrams_of(sequences(texts), targets([1, 1, 1, 0, 0, 0, 0, 0]), 1, 2)
    weights = []
    for tokens in (TOKENS, ["▁x"] * len(TOKENS)):
        part = part_of(runs, tokens, labels=2)
        none, label = part.weights[part.keys.tolist().index(5)].tolist()
        weights.append(label - none)
    spelt, unspelt = weights
    assert spelt > unspelt


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("▁a", []),
        ("好", []),
        ("▁is", ["<is", "is>", "<is>"]),
        ("ing", ["<in", "ing", "ng>", "<ing", "ing>", "<ing>"]),
        ("▁nana", ["<na", "nan", "ana", "na>", "<nan", "nana", "ana>", "<nana", "nana>", "<nana>"]),
    ],
)
def test_the_letters_of_a_token(token: str, expected: list[str]) -> None:
    assert char_ngrams(token) == expected


def test_what_is_read_and_kept_of_a_large_corpus_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ngrams_of(sequences(TEXTS), targets(LABELS), 2, 3)
    monkeypatch.setattr(ngram_features, "MOST_TOKENS", sum(map(len, TEXTS)) // 3)
    assert len(ngrams_of(sequences(TEXTS), targets(LABELS), 2, 3).labels) == pytest.approx(len(TEXTS) / 3, abs=1)
    monkeypatch.undo()
    monkeypatch.setattr(ngram_features, "MOST_WEIGHTS", 15)
    few = ngrams_of(sequences(TEXTS), targets(LABELS), 2, 3)
    assert 0 < len(few.keys) <= 5 < len(whole.keys)
    assert END in few.keys, "the most frequent"
    assert (few.keys < BASE).all()
    assert part_of(few).weights.isfinite().all(), "some rows have no run left"


def test_the_letters_that_are_kept_are_the_most_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = ngrams_of(sequences(TEXTS), targets(LABELS), 1, 3)
    whole = char_ngrams_of(runs, TOKENS)
    monkeypatch.setattr(ngram_features, "MOST_WEIGHTS", 3 * 10)
    few = char_ngrams_of(runs, TOKENS)
    assert len(few.idf) == 10 < len(whole.idf)
    assert sorted(few.idf.tolist()) == sorted(whole.idf.tolist())[:10], "the most frequent have the least rarity"
    ties = few.idf.max()
    for row in range(len(runs.keys)):
        before, after = (spellings.idf[places_of(spellings.rows, row)] for spellings in (whole, few))
        assert sorted(after[after < ties].tolist()) == sorted(before[before < ties].tolist())


@settings(max_examples=10, deadline=None)
@given(most=st.integers(1, 3 * len(TEXTS)))
def test_rows_a_part_at_a_time_are_fitted_as_all_at_once(most: int) -> None:
    runs = ngrams_of(sequences(TEXTS), targets(LABELS), 2, 3)
    whole = fit(runs, char_ngrams_of(runs, TOKENS), 3)
    with patch.object(ngram_fit, "MOST_LOGITS", most):
        parts = fit(runs, char_ngrams_of(runs, TOKENS), 3)
    assert torch.allclose(parts.weights, whole.weights, atol=0.02)
    assert torch.allclose(parts.bias, whole.bias, atol=0.02)


@pytest.mark.parametrize("labels", [2, 3, 4])
def test_what_is_read_of_a_large_corpus_has_all_labels_where_they_take_turns(
    labels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [[4, 5]] * 240
    monkeypatch.setattr(ngram_features, "MOST_TOKENS", sum(map(len, texts)) // labels)
    found = ngrams_of(sequences(texts), targets([row % labels for row in range(len(texts))]), 1, labels).labels
    counts = np.bincount(found.numpy(), minlength=labels)
    assert counts.sum() == len(texts) // labels
    assert counts.min() > counts.sum() / labels / 2


@pytest.mark.parametrize("rows", [1, 2])
def test_a_row_or_two_are_enough(rows: int) -> None:
    part = part_of(ngrams_of(sequences(TEXTS[:rows]), targets(LABELS[:rows]), 2, 3))
    assert all(table.isfinite().all() for table in part.buffers())


def test_what_speaks_for_a_label() -> None:
    """Words of their texts, whole pairs among them; not the end of a text, nor what leans to another label."""
    texts = [[8, 4], [9, 4], [8, 4, 9], [8, 6], [9, 6, 7], [6, 7], [8, 6, 7]] * 3
    runs = ngrams_of(sequences(texts), targets([1, 1, 1, 0, 0, 0, 0] * 3), 2, 2)
    found = top_ngrams(fit(runs, char_ngrams_of(runs, TOKENS), 2), runs, TOKENS, ["poor", "fine"])
    assert list(found) == ["poor", "fine"]
    assert found["fine"][0] == "good"
    assert "bad badly" in found["poor"]
    assert not set(found["poor"]) & set(found["fine"])
    assert all(run and "<" not in run for run in (*found["poor"], *found["fine"]))
