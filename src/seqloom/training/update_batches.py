"""Batches of each update, and of each batch the rows of one process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from seqloom.dataset.bucketed_batches import BucketedBatches, EpochPosition, Rows
from seqloom.dataset.padded_batch import Batch

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection


@dataclass(frozen=True)
class Update:
    """Batches of one update, on the device, and the position in the epoch after them."""

    rows: list[Rows]  # of each whole batch, over all processes
    batches: list[Batch]  # of this process; as many as `rows`, or more where a batch had to be cut into parts
    tokens: list[int]  # of each of `batches` that count; none of a stand-in's
    parts: int  # that each of `rows` is cut into
    position: EpochPosition


class Updates:
    """Iterator over the updates of an epoch, for one process among `size`."""

    def __init__(
        self, train: BucketedBatches, section: "TrainingSection", device: torch.device, rank: int, size: int, parts: int
    ) -> None:
        self.train = train
        self.section = section
        self.device = device
        self.rank, self.size = rank, size
        self.parts = parts  # more than one after memory ran out
        self.stream = _stream(device) if device.type == "cuda" else None

    def of_epoch(self, epoch: int, start: EpochPosition) -> Iterator[Update]:
        """Yield the updates of an epoch from `start` on; the last may have fewer batches."""
        taken: list[Rows] = []
        for rows, position in self.train.epoch(self.section.seed, epoch, start):
            taken.append(rows)
            if len(taken) == self.section.gradient_accumulation or position == (self.train.windows, 0):
                yield self.make(taken, position)
                taken = []

    def make(self, taken: Sequence[Rows], position: EpochPosition) -> Update:
        """Read this process's share of the batches with these rows."""
        parts = self.parts
        shares = [share(rows, self.rank, self.size) for rows in taken]
        pieces = [piece for rows in shares for piece in np.array_split(rows, parts) if len(piece)]
        batches = [self._ready(piece) for piece in pieces]
        tokens = [batch.tokens for batch in batches]
        if not batches:  # fewer rows than processes: gradients are still exchanged, so this one computes a zero
            batches, tokens = [self._ready(taken[0][:1])], [0]
        return Update(list(taken), batches, tokens, parts, position)

    def _ready(self, rows: Rows) -> Batch:
        """Read, pad and move a batch to the device; to a GPU on a stream of its own, in parallel to its computation."""
        batch = self.train.batch(rows)
        if self.stream is None:
            return batch.to(self.device)
        moved: dict[str, Any] = {}
        with torch.cuda.stream(self.stream):
            for name, value in vars(batch).items():
                if isinstance(value, torch.Tensor):
                    moved[name] = value.pin_memory().to(self.device, non_blocking=True)
                    moved[name].record_stream(torch.cuda.default_stream(self.device))
        self.stream.synchronize()
        return replace(batch, **moved)


def share(rows: Rows, rank: int, size: int) -> Rows:
    """Return the rows of one process, dealt in alternating order: sorted by length, all get about equal tokens."""
    lap, seat = np.divmod(np.arange(len(rows)), size)
    dealt: Rows = rows[np.where(lap % 2, size - 1 - seat, seat) == rank]
    return dealt


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
