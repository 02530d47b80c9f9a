"""The rows of every epoch, each once, and what padding they cost."""

import tracemalloc
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqloom.dataset import bucketed_batches
from seqloom.dataset.bucketed_batches import BucketedBatches, EpochPosition, Rows
from seqloom.dataset.sequences import Sequences, write_sequences
from seqloom.vocabulary.special_tokens import END, PADDING

PAIRS_OF_LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=80)


def sequences_of(lengths: NDArray[np.int64]) -> Sequences:
    """Sequences whose every token is the number of their row, counted from 4."""
    ids = np.repeat(np.arange(4, 4 + len(lengths), dtype=np.int32), lengths)
    return Sequences(ids, np.concatenate([[0], np.cumsum(lengths)]))


def batches_of(pairs: list[tuple[int, int]], batch_tokens: int) -> BucketedBatches:
    source, target = np.array(pairs, dtype=np.int64).T
    return BucketedBatches(sequences_of(source), sequences_of(target), batch_tokens)


def rows_of(batches: BucketedBatches, seed: int, epoch: int, start: EpochPosition = (0, 0)) -> list[Rows]:
    return [rows for rows, _ in batches.epoch(seed, epoch, start)]


def lengths_of(batches: BucketedBatches) -> NDArray[np.int64]:
    """The longer side of each row, with END."""
    return np.maximum(batches.source.lengths, batches.target.lengths) + 1


def realistic(rows: int = 60_000) -> BucketedBatches:
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
    plan = rows_of(batches, seed, epoch)
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
    for rows in rows_of(batches, 1, 0):
        batch = batches.batch(rows)
        assert batch.source[:, 0].tolist() == batch.target_output[:, 0].tolist() == [4 + row for row in rows]


def test_an_epoch_follows_from_seed_and_number_alone() -> None:
    batches, again = realistic(2000), realistic(2000)
    plan = [rows.tolist() for rows in rows_of(batches, 1, 3)]
    rows_of(batches, 1, 4)
    assert (
        [rows.tolist() for rows in rows_of(batches, 1, 3)] == [rows.tolist() for rows in rows_of(again, 1, 3)] == plan
    )
    assert [rows.tolist() for rows in rows_of(batches, 1, 4)] != plan
    assert [rows.tolist() for rows in rows_of(batches, 2, 3)] != plan


@pytest.mark.parametrize("blocks", [10_000, 300])
def test_an_epoch_is_entered_anywhere(blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few blocks too, as a huge corpus has them; the window is planned and nothing before it."""
    monkeypatch.setattr(bucketed_batches, "BLOCKS", blocks)
    monkeypatch.setattr(bucketed_batches, "WINDOW_BATCHES", 5)
    batches = realistic(3000)
    assert batches.windows > 4
    whole = list(batches.epoch(1, 2))
    assert sorted(np.concatenate([rows for rows, _ in whole]).tolist()) == list(range(3000))
    assert whole[-1][1] == (batches.windows, 0)
    assert list(batches.epoch(1, 2, whole[-1][1])) == []
    for number in (0, 1, 3, 10, len(whole) - 2):
        rest = list(batches.epoch(1, 2, whole[number][1]))
        assert [place for _, place in rest] == [place for _, place in whole[number + 1 :]]
        pairs = zip(rest, whole[number + 1 :], strict=True)
        assert all(one.tolist() == two.tolist() for (one, _), (two, _) in pairs)


def test_batches_are_counted_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = realistic(3000)
    assert batches.count(1) == len(rows_of(batches, 1, 0))
    monkeypatch.setattr(bucketed_batches, "WINDOW_BATCHES", 2)
    monkeypatch.setattr(bucketed_batches, "COUNTED_WINDOWS", 5)
    batches = realistic(3000)
    assert batches.count(1) == pytest.approx(len(rows_of(batches, 1, 0)), rel=0.1)


def test_memory_does_not_grow_with_the_corpus() -> None:
    """The corpus itself lies in files that are mapped; here its places are made up."""
    peaks = []
    for rows in (200_000, 1_600_000):
        offsets = np.arange(rows + 1, dtype=np.int64) * 20
        sequences = Sequences(np.zeros(0, dtype=np.int32), offsets)
        tracemalloc.start()
        batches = BucketedBatches(sequences, sequences, 2048)
        batches.count(1)
        next(batches.epoch(1, 0, (batches.windows - 1, 0)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < 30e6


def test_other_neighbors_in_another_epoch() -> None:
    """Not the same batches in another order."""
    batches = realistic(20_000)
    one, two = ({tuple(sorted(rows.tolist())) for rows in rows_of(batches, 1, epoch)} for epoch in (0, 1))
    assert len(one & two) < len(one) / 100


def test_long_and_short_batches_are_mixed() -> None:
    """Sorting is for padding; an epoch that went from long to short would teach lengths."""
    batches = realistic()
    lengths = lengths_of(batches)
    widths = np.array([lengths[rows].max() for rows in rows_of(batches, 1, 0)])
    assert abs(np.corrcoef(widths, np.arange(len(widths)))[0, 1]) < 0.15


PHRASES = Path(__file__).parents[2] / "data" / "phrases.tsv"


def characters() -> BucketedBatches:
    """The corpus in data/, cut into characters, some fifty times."""
    rows = PHRASES.read_text(encoding="utf-8").splitlines()[1:]
    pairs = [tuple(map(len, row.split("\t")[:2])) for row in rows]
    return batches_of(pairs * 50, 2048)


@pytest.mark.parametrize("corpus", [realistic, characters])
@pytest.mark.parametrize("budget", [1024, 2048, 4096])
def test_little_is_padded_on_either_side(corpus: Callable[[], BucketedBatches], budget: int) -> None:
    whole = corpus()
    batches = BucketedBatches(whole.source, whole.target, budget)
    for side in (batches.source, batches.target):
        lengths = side.lengths + 1
        places = sum(len(rows) * int(lengths[rows].max()) for rows in rows_of(batches, 1, 0))
        assert 1 - lengths.sum() / places < 0.05


@pytest.mark.parametrize("budget", [1, 3])
def test_a_row_over_the_budget_stands_alone(budget: int) -> None:
    plan = rows_of(batches_of([(9, 9), (1, 1), (1, 1), (30, 2)], budget), 1, 0)
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


def test_what_is_hidden_follows_from_seed_epoch_and_row_alone() -> None:
    """Whoever reads a row, in whatever company: a restart, a part of a batch, another process."""
    source = sequences_of(np.full(50, 12))
    batches, again = (BucketedBatches(source, source, 200, "masked") for _ in range(2))
    [*_, (rows, _)] = batches.epoch(3, 1)
    next(again.epoch(3, 1, (0, 2)))
    whole, part = batches.batch(rows), again.batch(rows[1:3])
    assert whole.source[1:3].equal(part.source)
    assert whole.target_output[1:3].equal(part.target_output)
    next(again.epoch(3, 2))
    assert not again.batch(rows).source.equal(whole.source), "another epoch hides others"


def test_another_epoch_and_another_seed_mix_other_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window holds other rows every time: not the same ones in another order."""
    monkeypatch.setattr(bucketed_batches, "WINDOW_BATCHES", 5)
    batches = realistic(3000)
    assert batches.windows > 4

    def first_window(seed: int, epoch: int) -> set[int]:
        plan = batches.epoch(seed, epoch)
        return set(np.concatenate([rows for rows, (window, _) in plan if window == 0]).tolist())

    windows = [first_window(*each) for each in ((1, 0), (1, 1), (1, 2), (2, 0))]
    for place, window in enumerate(windows):
        assert all(len(window & other) < len(window) / 2 for other in windows[:place])


def test_a_window_of_a_huge_corpus_mixes_many_places_of_it() -> None:
    """Rows are shuffled in blocks there, of neighbors, and a block must stay a small part of what is mixed."""
    sequences = Sequences(np.zeros(0, dtype=np.int32), np.arange(1_600_001, dtype=np.int64) * 20)
    batches = BucketedBatches(sequences, sequences, 200)
    assert batches.block > 1
    first = takewhile(lambda each: each[1][0] == 0, batches.epoch(1, 0))
    rows = np.sort(np.concatenate([rows for rows, _ in first]))
    assert np.count_nonzero(np.diff(rows) > 1) > 100
