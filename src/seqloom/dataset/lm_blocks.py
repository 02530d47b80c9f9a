"""Fixed-length blocks of running text, for training and evaluation of language models.

In training, the text is a ring that every epoch cuts at other positions, so that no token is always first. In
evaluation, each block is read after the one before it, whose tokens are not counted.

B batch, N tokens of a row.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqloom.dataset.bucketed_batches import BucketedBatches, EpochPosition, Rows
from seqloom.dataset.sequences import Ids, Sequences
from seqloom.dataset.stage import open_split
from seqloom.vocabulary.special_tokens import PADDING, START

if TYPE_CHECKING:
    from seqloom.dataset.padded_batch import Batch


class BlockBatches(BucketedBatches):
    """Batches of one split of running text; the last block may be shorter."""

    def __init__(self, text: Sequences, block_size: int, batch_tokens: int) -> None:
        self.ids, self.block_size, self.total = text.ids, block_size, text.tokens
        rows = -(-self.total // block_size)
        edges = np.minimum(np.arange(rows + 1, dtype=np.int64) * block_size, self.total)
        nothing = Sequences(np.zeros(0, dtype=np.int32), np.zeros(rows + 1, dtype=np.int64))
        super().__init__(nothing, Sequences(text.ids, edges), batch_tokens)

    @classmethod
    def open_running(cls, folder: Path, split: str, block_size: int, batch_tokens: int) -> "BlockBatches":
        """Open one split of the dataset in `folder`; source and target are the same text."""
        _, text = open_split(folder, split)
        return cls(text, block_size, batch_tokens)

    def epoch(self, seed: int, epoch: int, start: EpochPosition = (0, 0)) -> Iterator[tuple[Rows, EpochPosition]]:
        """Yield the batches of an epoch from `start` on."""
        self.turn = int(np.random.default_rng((seed, epoch)).integers(self.total))
        return super().epoch(seed, epoch, start)

    turn = 0
    """Index of the token that the first block of this epoch begins with."""

    def batch(self, rows: Rows) -> "Batch":
        """Return these blocks, as the ring is cut in this epoch."""
        lengths = self.target.lengths_of(rows).tolist()
        return make_block_batch([self._ring(row, length) for row, length in zip(rows.tolist(), lengths, strict=True)])

    def in_order(self) -> "Iterator[Batch]":
        """Yield all blocks in order, each after the one before it."""
        size = max(1, self.batch_tokens // (2 * self.block_size))
        for first in range(0, len(self.target), size):
            known, texts = zip(*map(self._behind, range(first, min(first + size, len(self.target)))), strict=True)
            yield make_block_batch(texts, known)

    def _ring(self, row: int, length: int) -> Ids:
        start = (self.turn + row * self.block_size) % self.total
        over = max(0, start + length - self.total)
        return np.concatenate([self.ids[start : start + length - over], self.ids[0:over]])

    def _behind(self, row: int) -> tuple[int, Ids]:
        """Return the number of known tokens before a block, and these with the block."""
        first = max(0, row - 1) * self.block_size
        return row * self.block_size - first, self.ids[first : min((row + 1) * self.block_size, self.total)]


def make_block_batch(texts: Sequence[Ids], known: Sequence[int] | None = None) -> "Batch":
    """Make a batch of texts to predict after START, without END and without the first `known` tokens of each."""
    import torch

    from seqloom.dataset.padded_batch import Batch, pad_sources

    output = torch.full((len(texts), max(map(len, texts))), PADDING)
    inputs = torch.full_like(output, PADDING)
    inputs[:, 0] = START
    for row, text in enumerate(texts):
        ids = torch.from_numpy(np.asarray(text, dtype=np.int64))
        output[row, : len(ids)] = ids
        inputs[row, 1 : len(ids)] = ids[:-1]
    for row, count in enumerate(known or ()):
        output[row, :count] = PADDING
    nothing = [np.zeros(0, dtype=np.int32)] * len(texts)
    return Batch(pad_sources(nothing), inputs, output, int((output != PADDING).sum()))
