"""The rows of every epoch, each once, and what padding they cost."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqloom.batches.bucketing import BucketedBatches
from seqloom.batches.sequences import Sequences, write_sequences
from seqloom.vocabulary.special import END, PADDING

PAIRS_OF_LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=80)


def sequences_of(lengths: NDArray[np.int64]) -> Sequences:
    """Sequences whose every token is the number of their row, counted from 4."""
    ids = np.repeat(np.arange(4, 4 + len(lengths), dtype=np.int32), lengths)
    return Sequences(ids, np.concatenate([[0], np.cumsum(lengths)]))


def batches_of(pairs: list[tuple[int, int]], batch_tokens: int) -> BucketedBatches:
    source, target = np.array(pairs, dtype=np.int64).T
    return BucketedBatches(sequences_of(source), sequences_of(target), batch_tokens)


def realistic(rows: int = 20_000) -> BucketedBatches:
    """Lengths of a translation corpus: log-normal around 20 tokens, the target some tenth off the source."""
    random = np.random.default_rng(0)
    source = np.clip(random.lognormal(3.0, 0.6, rows), 1, 200).astype(np.int64)
    target = np.maximum(1, source * random.normal(1.05, 0.15, rows)).astype(np.int64)
    return BucketedBatches(sequences_of(source), sequences_of(target), 2048)


@settings(max_examples=60)
@given(pairs=PAIRS_OF_LENGTHS, batch_tokens=st.integers(1, 300), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_every_row_once_within_the_budget(
    pairs: list[tuple[int, int]], batch_tokens: int, seed: int, epoch: int
) -> None:
    batches = batches_of(pairs, batch_tokens)
    plan = batches.plan(seed, epoch)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(pairs)))
    for rows in plan:
        batch = batches.batch(rows)
        assert len(rows) == 1 or max(batch.source.numel(), batch.target_output.numel()) <= batch_tokens


@settings(max_examples=60)
@given(pairs=PAIRS_OF_LENGTHS, batch_tokens=st.integers(1, 300))
def test_in_order_covers_every_row_longest_first(pairs: list[tuple[int, int]], batch_tokens: int) -> None:
    batches = list(batches_of(pairs, batch_tokens).in_order())
    assert sum(batch.tokens for batch in batches) == sum(target + 1 for _, target in pairs)
    lengths = [int((row != PADDING).sum()) for batch in batches for row in batch.target_output]
    assert sorted(lengths) == sorted(target + 1 for _, target in pairs)
    widths = [max(batch.source.shape[1], batch.target_output.shape[1]) for batch in batches]
    assert widths == sorted(widths, reverse=True)


def test_source_and_target_of_a_row_stay_together() -> None:
    batches = batches_of([(3, 2), (1, 5), (2, 2), (4, 1)], 12)
    for rows in batches.plan(1, 0):
        batch = batches.batch(rows)
        assert batch.source[:, 0].tolist() == batch.target_output[:, 0].tolist() == [4 + row for row in rows]


def test_an_epoch_follows_from_seed_and_number_alone() -> None:
    batches, again = realistic(2000), realistic(2000)
    plan = [rows.tolist() for rows in batches.plan(1, 3)]
    batches.plan(1, 4)
    assert [rows.tolist() for rows in batches.plan(1, 3)] == [rows.tolist() for rows in again.plan(1, 3)] == plan
    assert [rows.tolist() for rows in batches.plan(1, 4)] != plan
    assert [rows.tolist() for rows in batches.plan(2, 3)] != plan


def test_other_neighbours_in_another_epoch() -> None:
    """Not the same batches in another order."""
    batches = realistic(20_000)
    one, two = ({tuple(sorted(rows.tolist())) for rows in batches.plan(1, epoch)} for epoch in (0, 1))
    assert len(one & two) < len(one) / 100


def test_long_and_short_batches_are_mixed() -> None:
    """Sorting is for padding; an epoch that went from long to short would teach lengths."""
    batches = realistic()
    widths = np.array([batches.lengths[rows].max() for rows in batches.plan(1, 0)])
    assert abs(np.corrcoef(widths, np.arange(len(widths)))[0, 1]) < 0.15


def test_little_is_padded() -> None:
    batches = realistic()
    plan = batches.plan(1, 0)
    places = sum(len(rows) * int(batches.lengths[rows].max()) for rows in plan)
    assert 1 - batches.lengths.sum() / places < 0.05
    tokens = padded = 0
    for rows in plan:
        batch = batches.batch(rows)
        tokens += batch.tokens
        padded += batch.target_output.numel()
    assert 1 - tokens / padded < 0.05


@pytest.mark.parametrize("budget", [1, 3])
def test_a_row_over_the_budget_stands_alone(budget: int) -> None:
    plan = batches_of([(9, 9), (1, 1), (1, 1), (30, 2)], budget).plan(1, 0)
    assert {tuple(rows.tolist()) for rows in plan} >= {(0,), (3,)}


def test_opens_what_the_stage_wrote(tmp_path: Path) -> None:
    write_sequences(tmp_path / "validation.source", [[[4], [5, 6]]])
    write_sequences(tmp_path / "validation.target", [[[7, 8], []]])
    (batch,) = BucketedBatches.open(tmp_path, "validation", 100).in_order()
    assert sorted(map(tuple, batch.source.tolist())) == [(4, 3, 0), (5, 6, 3)]
    assert batch.tokens == 4


@settings(max_examples=40)
@given(pairs=PAIRS_OF_LENGTHS, batch_tokens=st.integers(1, 300))
def test_texts_are_sources_and_targets_joined_within_the_budget(
    pairs: list[tuple[int, int]], batch_tokens: int
) -> None:
    source, target = np.array(pairs, dtype=np.int64).T
    batches = BucketedBatches(sequences_of(source), sequences_of(target), batch_tokens, "texts")
    tokens = 0
    for batch in batches.in_order():
        assert len(batch.source) == 1 or batch.target_output.numel() <= batch_tokens
        tokens += batch.tokens
    assert tokens == source.sum() + target.sum() + len(pairs)
    batch = batches.batch(np.array([0]))
    assert batch.target_output[0].tolist() == [4] * sum(pairs[0]) + [END]
