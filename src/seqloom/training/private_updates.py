"""Poisson-sampled updates of a private training: each row is in each update with the same probability.

The accountant's epsilon holds for such samples alone, not for a shuffled epoch that is cut into batches. Sample and
noise of an update follow from a key that nobody knows and from the update's number: a resumed training makes the same
updates again and spends nothing twice. The recipe's seed would not do, as it is known to whoever has the version.
"""

import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from seqloom.dataset.bucketed_batches import BucketedBatches, EpochPosition, Rows
from seqloom.training.update_batches import Update, Updates

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection

KEY_FILE = "noise.key"
KEY_BYTES = 16
SAMPLE, NOISE, DROPOUT = 0, 1, 2  # what random numbers are for


class NoiseKey:
    """Key of a training's samples and noise, kept beside its checkpoints until it ends."""

    def __init__(self, workspace: Path, resumed: bool) -> None:
        """Read the key of a training that is resumed; else draw one from the operating system."""
        self.file = workspace / KEY_FILE
        if not (resumed and self.file.is_file()):
            self.file.unlink(missing_ok=True)
            handle = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
        self._key = int(self.file.read_text(encoding="ascii"), 16)

    def random(self, step: int, purpose: int) -> np.random.Generator:
        """Return the random numbers of an update."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence((self._key, step, purpose))))

    def forget(self) -> None:
        """Remove the key, with which the noise could be taken away again."""
        self.file.unlink(missing_ok=True)


def updates_of_epoch(train: BucketedBatches, section: "TrainingSection") -> int:
    """Return the updates in which each row is expected once."""
    return math.ceil(train.count(section.seed) / section.gradient_accumulation)


class PrivateUpdates(Updates):
    """Iterator over the updates of an epoch; each has any number of rows, also none, and one batch a row."""

    def __init__(self, train: BucketedBatches, section: "TrainingSection", device: torch.device, key: NoiseKey) -> None:
        super().__init__(train, section, device, rank=0, size=1, parts=1)
        self.key = key
        self.count = updates_of_epoch(train, section)

    def of_epoch(self, epoch: int, start: EpochPosition) -> Iterator[Update]:
        """Yield the updates of an epoch from `start` on; none where it ended, but for its validation."""
        if start[0] >= self.train.windows:
            return
        for number in range(start[1] + 1, self.count + 1):
            rows = self.sample(epoch * self.count + number)
            position = (0, number) if number < self.count else (self.train.windows, 0)
            yield self.make(np.split(rows, len(rows)) if len(rows) else [], position)

    def sample(self, step: int) -> Rows:
        """Draw the rows of an update, numbered from 1."""
        drawn = self.key.random(step, SAMPLE).random(len(self.train.source))
        return np.flatnonzero(drawn < 1 / self.count).astype(np.int64)

    def make(self, taken: "list[Rows]", position: EpochPosition) -> Update:  # type: ignore[override]
        """Read the rows, each as a batch of its own; how many tokens they have is told nobody."""
        return Update(taken, [self._ready(rows) for rows in taken], [], 1, position)
