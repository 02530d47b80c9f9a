"""Length-bucketed batches by token budget, in an order that follows from a seed.

An epoch is cut into windows of random rows; the rows of a window are sorted by length and cut into batches, which are
shuffled. Only one window is planned at a time, so memory does not grow with the corpus, and a resumed epoch costs the
planning of one window. Plans are made without PyTorch, seconds to import, which batches need.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqloom.dataset.frame_sequences import FrameSequences
from seqloom.dataset.sequences import Sequences
from seqloom.dataset.source_weights import SourceWeights
from seqloom.dataset.stage import open_split
from seqloom.dataset.training_objectives import BatchLayout, Joined

if TYPE_CHECKING:
    from seqloom.dataset.padded_batch import Batch
    from seqloom.recipe.schema import TrainingSection

WINDOW_BATCHES = 400  # sorted together: wide enough to pad under 5 % on both sides
WINDOW_ROWS = 1 << 20  # and no more than that
BLOCKS = 1 << 15  # of neighboring rows, that an epoch shuffles: reading a window reads few parts of a large file
WINDOW_BLOCKS = 128  # and a window mixes so many of them at least
COUNTED_WINDOWS = 64  # planned to know how many batches an epoch has

Rows = NDArray[np.int64]
EpochPosition = tuple[int, int]
"""Position in an epoch: the window, and the batch in it."""


class BucketedBatches:
    """Batches of one split, by token budget.

    The batches of an epoch follow from seed and epoch alone, so a resumed training seeks to its position: nothing is
    replayed, and no order has to be saved.
    """

    def __init__(
        self,
        source: Sequences,
        target: Sequences,
        batch_tokens: int,
        layout: BatchLayout = "pairs",
        weights: SourceWeights | None = None,
        frames: FrameSequences | None = None,
    ) -> None:
        assert len(source) == len(target)
        self.source = source
        self.target = {"texts": Joined(source, target), "masked": source}.get(layout, target)
        self.layout = layout
        self.frames = frames
        self.epoch_read = (0, 0)  # seed and epoch: what a masked batch hides
        self.batch_tokens = batch_tokens
        self.weights = weights
        self.copies = weights.copies if weights else len(source)  # in an epoch, some of which it leaves out
        seen = weights.expected_rows if weights else len(source)
        read = source.tokens + (frames.total if frames else 0)
        mean = 1 + max(read, self.target.tokens) / len(source)  # with END
        window = min(WINDOW_ROWS, WINDOW_BATCHES * batch_tokens / mean)
        self.windows = max(1, round(seen / window))
        self.block = max(1, min(-(-self.copies // BLOCKS), int(window / WINDOW_BLOCKS)))
        self.blocks = -(-self.copies // self.block)

    @classmethod
    def open(
        cls,
        folder: Path,
        split: str,
        batch_tokens: int,
        layout: BatchLayout = "pairs",
        weights: SourceWeights | None = None,
    ) -> "BucketedBatches":
        """Open one split of the dataset in `folder`."""
        return cls(*open_split(folder, split), batch_tokens, layout, weights, FrameSequences.open(folder, split))

    def epoch(self, seed: int, epoch: int, start: EpochPosition = (0, 0)) -> Iterator[tuple[Rows, EpochPosition]]:
        """Yield the batches of an epoch from `start` on: the rows of each, and the position after it."""
        self.epoch_read = (seed, epoch)
        order = self._order(seed, epoch)
        for window in range(start[0], self.windows):
            batches = self._plan(order, seed, epoch, window)
            first = start[1] if window == start[0] else 0
            for number, rows in enumerate(batches[first:], start=first + 1):
                yield rows, ((window, number) if number < len(batches) else (window + 1, 0))

    def count(self, seed: int) -> int:
        """Return the number of batches of the first epoch, estimated from some of its windows where there are many."""
        order = self._order(seed, 0)
        sample = range(0, self.windows, -(-self.windows // COUNTED_WINDOWS))
        counted = sum(len(self._plan(order, seed, 0, window)) for window in sample)
        return round(counted * self.windows / len(sample))

    def updates(self, section: "TrainingSection") -> int:
        """Return the number of updates of all epochs of a training."""
        return section.epochs * math.ceil(self.count(section.seed) / section.gradient_accumulation)

    def in_order(self) -> "Iterator[Batch]":
        """Yield all rows, longest first: for validation and test, where order does not matter."""
        return (self.batch(rows) for rows in self._cut(np.arange(len(self.source))))

    def batch(self, rows: Rows) -> "Batch":
        """Read and pad these rows."""
        batch = self._padded(rows)
        if self.frames is None:
            return batch
        from seqloom.dataset.padded_frames import pad_frames

        return replace(batch, frames=pad_frames([self.frames[row] for row in rows]))

    def _padded(self, rows: Rows) -> "Batch":
        from seqloom.dataset.masked_batch import make_masked_batch
        from seqloom.dataset.padded_batch import make_batch, make_labeled_batch

        sources = [self.source[row] for row in rows]
        match self.layout:
            case "masked":
                return make_masked_batch(sources, [(*self.epoch_read, int(row)) for row in rows], self.source.ids)
            case "labels":
                return make_labeled_batch(sources, [self.target[row] for row in rows])
        return make_batch(sources, [self.target[row] for row in rows])

    def _order(self, seed: int, epoch: int) -> NDArray[np.uint32]:
        """Return the blocks of rows in the order of an epoch."""
        return np.random.default_rng((seed, epoch)).permutation(np.arange(self.blocks, dtype=np.uint32))

    def _plan(self, order: NDArray[np.uint32], seed: int, epoch: int, window: int) -> list[Rows]:
        """Return the rows of each batch of one window; those of a weighted source as often as they are drawn."""
        first, last = (edge * self.blocks // self.windows for edge in (window, window + 1))
        blocks = order[first:last].astype(np.int64)
        copies = (blocks[:, None] * self.block + np.arange(self.block)).ravel()
        copies = copies[copies < self.copies]
        random = np.random.default_rng((seed, epoch, window))
        share = random.random()
        batches = list(self._cut(self.weights.rows_of(copies, random) if self.weights else copies, share))
        return [batches[index] for index in random.permutation(len(batches))]

    def _cut(self, rows: Rows, share: float = 1.0) -> Iterator[Rows]:
        """Sort rows by falling length and cut them into batches within the budget; one over the budget stands alone.

        The first batch has a `share` of its rows, so that other rows meet in another epoch even in a small corpus.
        """
        source, target = (side.lengths_of(rows) for side in (self.source, self.target))
        source = source + self.frames.lengths_of(rows) if self.frames else source
        longer = np.maximum(source, target) + 1  # with END
        order = np.lexsort((source, target, longer))[::-1]
        rows, longer = rows[order], longer[order]
        start = 0
        while start < len(rows):
            count = max(1, int(share * (self.batch_tokens // longer[start])))
            yield rows[start : start + count]
            start, share = start + count, 1.0
