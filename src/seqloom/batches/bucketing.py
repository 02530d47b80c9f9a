"""Which sentences share a batch: similar lengths, so that little is padded, in an order that a seed decides."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.batches.batch import Batch, make_batch, make_labelled_batch
from seqloom.batches.encoding import open_split
from seqloom.batches.forms import Form, Joined
from seqloom.batches.sequences import Sequences

WINDOW = 100  # batches sorted together: wide enough to pad under 5 %, narrow enough to keep epochs different


class BucketedBatches:
    """The batches of one split, by token budget.

    The batches of an epoch follow from seed and epoch alone, so a resumed training seeks to its place: nothing is
    replayed, and nothing of the order has to be saved.
    """

    def __init__(self, source: Sequences, target: Sequences, batch_tokens: int, form: Form = "pairs") -> None:
        assert len(source) == len(target)
        self.source = source
        self.target = Joined(source, target) if form == "texts" else target
        self.make = make_labelled_batch if form == "labels" else make_batch
        self.batch_tokens = batch_tokens
        self.lengths = np.maximum(source.lengths, self.target.lengths) + 1  # with END

    @classmethod
    def open(cls, folder: Path, split: str, batch_tokens: int, form: Form = "pairs") -> "BucketedBatches":
        """Open one split of the batches stage."""
        return cls(*open_split(folder, split), batch_tokens, form)

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """The rows of each batch of an epoch, in order: every row exactly once."""
        random = np.random.default_rng((seed, epoch))
        order = random.permutation(len(self.lengths))
        mean = max(1.0, float(self.lengths.mean()))
        window = max(1, int(WINDOW * self.batch_tokens / mean))
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(order), window):
            batches.extend(self._cut(self._sorted(order[start : start + window])))
        return [batches[index] for index in random.permutation(len(batches))]

    def in_order(self) -> Iterator[Batch]:
        """All rows, longest first: for validation and test, where order does not matter."""
        return (self.batch(rows) for rows in self._cut(self._sorted(np.arange(len(self.lengths)))))

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Read and pad these rows."""
        return self.make([self.source[row] for row in rows], [self.target[row] for row in rows])

    def _sorted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Longest first, so that memory peaks at once if it is going to."""
        return rows[np.lexsort((self.source.lengths[rows], self.target.lengths[rows], self.lengths[rows]))[::-1]]

    def _cut(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Cut rows sorted by falling length into batches within the budget; one over the budget stands alone."""
        start = 0
        while start < len(rows):
            count = max(1, int(self.batch_tokens // self.lengths[rows[start]]))
            yield rows[start : start + count]
            start += count
