"""Length limit of an answer by the length of its source: a line above all training pairs, with headroom.

A model that has not learned to predict END would never stop. The ratio of lengths depends on the data: a code may stand
for a paragraph, and an article for its headline.
"""

import json
import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqloom.dataset.sequences import Sequences

LENGTH_LIMIT_FILE = "length_limit.json"
USUAL = 0.99  # share of the sources
HEADROOM, SPARE = 1.5, 10.0  # times the longest of the training pairs, and tokens on top of that


@dataclass(frozen=True)
class LengthLimit:
    """Maximum tokens of an answer, with END, as a linear function of the tokens of its source, without END."""

    slope: float = 2.0  # tokens for each token of the source; the defaults are of checkpoints older than this
    base: float = 22.0  # tokens
    usual_source: int = 0  # tokens that 99 of 100 sources have at most; 0: not known

    def tokens(self, source: int) -> int:
        """Return the limit for a source of this many tokens."""
        return max(1, math.ceil(self.slope * source + self.base))

    @classmethod
    def of(cls, sources: Sequences, targets: Sequences) -> Self:
        """Fit the line above all pairs that is lowest at the mean source length, with headroom."""
        slope, base = _lowest_line_above(sources.lengths, targets.lengths + 1)
        usual = int(np.quantile(sources.lengths, USUAL, method="higher"))
        return cls(round(HEADROOM * slope, 4), round(HEADROOM * base + SPARE, 4), usual)

    def longer(self, sources: Sequences, targets: Sequences, most: int) -> int:
        """Count the targets, with END, over this limit or over `most` tokens."""
        allowed = np.minimum(np.ceil(self.slope * sources.lengths + self.base), most)
        return int((targets.lengths + 1 > allowed).sum())

    def save(self, folder: Path) -> None:
        """Write the limit to the folder of a dataset or a checkpoint."""
        (folder / LENGTH_LIMIT_FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; a checkpoint older than the file has the default limit."""
        file = folder / LENGTH_LIMIT_FILE
        return cls(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else cls()


def _lowest_line_above(sources: NDArray[np.int64], targets: NDArray[np.int64]) -> tuple[float, float]:
    """Return slope and base, both at least 0, of the line above all points `(N,)`, `(N,)` that is lowest at their mean.

    This is an edge of their upper convex hull. Its slope is at least the ratio of all target to all source tokens, as
    later sources may be longer than any of these.
    """
    hull, mean = _upper_hull(sources, targets), float(sources.mean())
    slope = float(targets.sum() / max(int(sources.sum()), 1))
    for (x, y), (beyond, above) in pairwise(hull):
        if x <= mean <= beyond:
            slope = max(slope, (above - y) / (beyond - x))
            break
    return slope, max(y - slope * x for x, y in hull)


def _upper_hull(sources: NDArray[np.int64], targets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the corners of the upper convex hull, from the origin to the longest source (Andrew 1979)."""
    highest = np.full(int(sources.max()) + 1, -1, dtype=np.int64)
    highest[0] = 0
    np.maximum.at(highest, sources, targets)
    hull: list[tuple[int, int]] = []
    for x in np.flatnonzero(highest >= 0).tolist():
        y = int(highest[x])
        while len(hull) > 1 and _is_below(hull[-2], hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    return hull


def _is_below(first: tuple[int, int], middle: tuple[int, int], last: tuple[int, int]) -> bool:
    """Return True if the middle of three points lies on or below the line through the others."""
    return (middle[1] - first[1]) * (last[0] - first[0]) <= (last[1] - first[1]) * (middle[0] - first[0])
