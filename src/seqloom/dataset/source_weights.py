"""Weights of the sources of a corpus: the copies of their rows in an epoch.

A weight of 2.3 gives every row two copies in an epoch, and in each epoch another 30 % of the rows a third one. Copies
are numbered without a list of them, so memory does not grow with the corpus. Those of a row are apart, so that they
meet in few batches.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

SOURCES_FILE = "train.sources.json"


class SourceWeights:
    """Numbers of the copies of all rows in an epoch: by source, its rows once, then its rows a second time …"""

    def __init__(self, rows: Sequence[int], weights: Sequence[float]) -> None:
        """Take the number of rows of each source, in their order in the split, and their weights."""
        self._rows = np.array(rows, dtype=np.int64)
        self._weights = np.array(weights)
        times = np.array([math.ceil(weight) for weight in weights], dtype=np.int64)
        self._ends = np.cumsum(self._rows * times)
        self._first_rows = np.cumsum(self._rows) - self._rows
        self.copies = int(self._ends[-1])
        self.expected_rows = float(self._rows @ self._weights)

    @classmethod
    def open(cls, folder: Path, weights: Mapping[str, float]) -> Self | None:
        """Read the rows of each source of the dataset in `folder`; None if each row is seen once.

        A dataset without the file has one source: it is looked at before a teacher has added its pairs.
        """
        if all(weight == 1 for weight in weights.values()) or not (folder / SOURCES_FILE).is_file():
            return None
        rows: dict[str, int] = json.loads((folder / SOURCES_FILE).read_text(encoding="utf-8"))
        return cls(list(rows.values()), [weights.get(name, 1.0) for name in rows])

    def rows_of(self, copies: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Return the rows of these copies, as far as they are drawn in this epoch, at least one.

        Whole copies are always drawn, and the last one of a row with the probability of the weight's fraction.
        """
        source = np.searchsorted(self._ends, copies, side="right")
        begins = np.concatenate([[0], self._ends])[source]
        time, row = np.divmod(copies - begins, self._rows[source])
        drawn = random.random(len(copies)) < self._weights[source] - time
        rows: NDArray[np.int64] = self._first_rows[source] + row
        return rows[drawn] if drawn.any() else rows[:1]
