"""How often an epoch sees the rows of each source of a corpus, by its weight.

A weight of 2.3 gives every row two places in an epoch, and in each epoch another 30 % of the rows a third one. Places
are numbered without a list of them, so memory does not grow with the corpus. The copies of a row are apart, so that
they meet in few batches.
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
    """Places of the rows of each source in an epoch: those of its first copy, then those of its second …"""

    def __init__(self, rows: Sequence[int], weights: Sequence[float]) -> None:
        """Take the number of rows of each source, in their order in the split, and their weights."""
        self._rows = np.array(rows, dtype=np.int64)
        self._weights = np.array(weights)
        copies = np.array([math.ceil(weight) for weight in weights], dtype=np.int64)
        self._ends = np.cumsum(self._rows * copies)
        self._first_rows = np.cumsum(self._rows) - self._rows
        self.places = int(self._ends[-1])
        self.expected_rows = float(self._rows @ self._weights)

    @classmethod
    def open(cls, folder: Path, weights: Mapping[str, float]) -> Self | None:
        """Read the rows of each source of the dataset in `folder`; None if each row is seen once."""
        if all(weight == 1 for weight in weights.values()):
            return None
        rows: dict[str, int] = json.loads((folder / SOURCES_FILE).read_text(encoding="utf-8"))
        return cls(list(rows.values()), [weights.get(name, 1.0) for name in rows])

    def rows_at(self, places: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Return the rows at these places that are drawn in this epoch, at least one.

        A whole copy is always drawn, and a row of a last copy with the probability of the weight's fraction.
        """
        source = np.searchsorted(self._ends, places, side="right")
        begins = np.concatenate([[0], self._ends])[source]
        copy, row = np.divmod(places - begins, self._rows[source])
        drawn = random.random(len(places)) < self._weights[source] - copy
        rows: NDArray[np.int64] = self._first_rows[source] + row
        return rows[drawn] if drawn.any() else rows[:1]
