from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from seqloom.evaluation.baselines import copy_baseline, nearest_baseline

SOURCES = ["a dog runs", "two cats sleep on the sofa", "the girl reads a book", "一个男孩在海边", "三只狗在草地上跑"]
TARGETS = ["ein Hund läuft", "zwei Katzen", "das Mädchen liest", "a boy by the sea", "three dogs"]


def sentences(count: int, seed: int) -> list[str]:
    random = Random(seed)
    words = ["".join(random.choices("abcdefgh", k=random.randint(1, 5))) for _ in range(40)]
    return [" ".join(random.choices(words, k=random.randint(1, 8))) for _ in range(count)]


def test_copy_is_the_source():
    assert copy_baseline(SOURCES) == SOURCES


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a small dog runs fast", "ein Hund läuft"),
        ("Cats sleep on sofas", "zwei Katzen"),
        ("狗在跑", "three dogs"),
        ("海边有男孩", "a boy by the sea"),
        ("", "ein Hund läuft"),  # like nothing: the first row
    ],
)
def test_nearest_source_gives_its_target(source, target):
    assert nearest_baseline(SOURCES, TARGETS, [source]) == [target]


def test_a_training_source_gives_its_own_target():
    assert nearest_baseline(SOURCES, TARGETS, SOURCES[::-1]) == TARGETS[::-1]


def test_of_equal_sources_the_first_wins():
    assert nearest_baseline(["x y", "a b", "a b"], ["0", "1", "2"], ["a b"], rows_at_once=1) == ["1"]


@settings(max_examples=10, deadline=None)
@given(st.integers(5, 70), st.integers(0, 1000))
def test_chunks_change_nothing(rows_at_once, seed):
    train, test = sentences(60, seed), sentences(15, seed + 1)
    targets = [str(row) for row in range(len(train))]
    assert nearest_baseline(train, targets, test, rows_at_once=rows_at_once) == nearest_baseline(train, targets, test)


def test_it_is_as_near_as_scikit_learn_says():
    train, test = sentences(200, 1), sentences(50, 2)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    known = vectorizer.fit_transform(train)
    similarity = (vectorizer.transform(test) @ known.T).toarray()
    rows = [int(row) for row in nearest_baseline(train, [str(row) for row in range(len(train))], test, rows_at_once=64)]
    # n-grams that no training source has make our vectors of `test` longer, every one alike, so the order is the same.
    assert similarity[np.arange(len(test)), rows] == pytest.approx(similarity.max(axis=1), abs=1e-5)


def test_progress_counts_the_training_rows():
    seen = []
    nearest_baseline(SOURCES, TARGETS, ["dog"], lambda done, total, unit, _: seen.append((done, total, unit)), 2)
    assert seen == [(2, 5, "training rows"), (4, 5, "training rows"), (5, 5, "training rows")]


def test_nothing_asked_nothing_answered():
    assert nearest_baseline(SOURCES, TARGETS, []) == []
