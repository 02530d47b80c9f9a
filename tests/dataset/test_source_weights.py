"""How often an epoch sees the rows of each source."""

import json
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.source_weights import SOURCES_FILE, SourceWeights

from .test_bucketed_batches import rows_of, sequences_of

SOURCES = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([0.25, 0.5, 1, 1.5, 3, 2.75])), min_size=1, max_size=4
).filter(lambda sources: sum(rows for rows, _ in sources) > 0)


def weighted(sources: list[tuple[int, float]], batch_tokens: int = 60) -> BucketedBatches:
    rows, weights = zip(*sources, strict=True)
    sequences = sequences_of(np.arange(sum(rows)) % 7)
    return BucketedBatches(sequences, sequences, batch_tokens, weights=SourceWeights(rows, weights))


@settings(max_examples=50)
@given(sources=SOURCES, seed=st.integers(0, 3), epoch=st.integers(0, 3))
def test_a_row_is_seen_as_often_as_its_source_weighs(sources: list[tuple[int, float]], seed: int, epoch: int) -> None:
    batches = weighted(sources)
    plan = rows_of(batches, seed, epoch)
    assert [rows.tolist() for rows in plan] == [rows.tolist() for rows in rows_of(weighted(sources), seed, epoch)]
    times = np.bincount(np.concatenate(plan), minlength=sum(rows for rows, _ in sources))
    first = 0
    for rows, weight in sources:
        of_source = times[first : first + rows]
        whole = all(weight == int(weight) for _, weight in sources)
        if whole:
            assert (of_source == weight).all()
        assert ((of_source >= int(weight)) & (of_source <= np.ceil(weight) + 1)).all()
        first += rows


def test_over_epochs_all_rows_of_a_light_source_are_seen_alike() -> None:
    batches = weighted([(200, 1), (300, 0.4), (50, 2.5)])
    epochs = [np.bincount(np.concatenate(rows_of(batches, 1, epoch)), minlength=550) for epoch in range(60)]
    mean = np.mean(epochs, axis=0)
    assert (mean[:200] == 1).all()
    assert abs(mean[200:500].mean() - 0.4) < 0.02
    assert 0.15 < mean[200:500].min() < mean[200:500].max() < 0.7
    assert abs(mean[500:].mean() - 2.5) < 0.05
    assert not np.array_equal(epochs[0], epochs[1])


def test_an_epoch_is_entered_anywhere() -> None:
    batches = weighted([(300, 1), (300, 0.5)], batch_tokens=30)
    whole = list(batches.epoch(1, 2))
    for number in (0, 3, len(whole) - 2):
        rest = list(batches.epoch(1, 2, whole[number][1]))
        assert [rows.tolist() for rows, _ in rest] == [rows.tolist() for rows, _ in whole[number + 1 :]]


def test_copies_of_a_row_are_apart() -> None:
    batches = weighted([(2000, 3)], batch_tokens=60)
    twice = sum(len(rows) - len(np.unique(rows)) for rows in rows_of(batches, 1, 0))
    assert twice < 300, "of 6,000"


def test_weights_of_a_dataset(tmp_path: Path) -> None:
    (tmp_path / SOURCES_FILE).write_text(json.dumps({"main": 3, "web": 4}), encoding="utf-8")
    assert SourceWeights.open(tmp_path, {"web": 1.0}) is None
    assert SourceWeights.open(tmp_path / "no such folder", {}) is None
    found = SourceWeights.open(tmp_path, {"web": 0.5})
    assert found
    assert (found.copies, found.expected_rows) == (7, 5.0)
    (tmp_path / SOURCES_FILE).unlink()
    assert SourceWeights.open(tmp_path, {"web": 0.5}) is None, "what a teacher is to add to"
