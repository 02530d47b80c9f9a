"""How long an answer may be, given how long its source is: a line that every training pair lies below, with headroom.

A model that has not learned to end would never stop. What is sensible follows from the pairs: a code may stand for a
paragraph, and an article for its headline.
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
HEADROOM, SPARE = 1.5, 10.0  # times the longest of the training pairs, and tokens on top of that


@dataclass(frozen=True)
class LengthLimit:
    """Tokens of an answer at most, END among them, by the tokens of its source, END not among them."""

    slope: float = 2.0  # tokens for each token of the source; the defaults are of checkpoints older than this
    base: float = 22.0  # tokens

    def tokens(self, source: int) -> int:
        """The limit of an answer to so many tokens."""
        return max(1, math.ceil(self.slope * source + self.base))

    @classmethod
    def of(cls, sources: Sequences, targets: Sequences) -> Self:
        """The lowest line above all pairs, as their mean source sees it, with headroom."""
        slope, base = _lowest_line_above(sources.lengths, targets.lengths + 1)
        return cls(round(HEADROOM * slope, 4), round(HEADROOM * base + SPARE, 4))

    def longer(self, sources: Sequences, targets: Sequences, most: int) -> int:
        """How many targets could not be written, with END: over this limit, or over `most` tokens."""
        allowed = np.minimum(np.ceil(self.slope * sources.lengths + self.base), most)
        return int((targets.lengths + 1 > allowed).sum())

    def save(self, folder: Path) -> None:
        """Write it beside batches or a checkpoint."""
        (folder / LENGTH_LIMIT_FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote; of a checkpoint that is older than the file, the limit that it had."""
        file = folder / LENGTH_LIMIT_FILE
        return cls(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else cls()


def _lowest_line_above(sources: NDArray[np.int64], targets: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and base, neither below 0, of the line above all points `(N,)`, `(N,)` that is lowest at the mean source.

    That is an edge of their upper convex hull. It rises no slower than targets grow with sources on the whole, for
    sources may be asked that are longer than any of these.
    """
    hull, mean = _upper_hull(sources, targets), float(sources.mean())
    slope = float(targets.sum() / max(int(sources.sum()), 1))
    for (x, y), (beyond, above) in pairwise(hull):
        if x <= mean <= beyond:
            slope = max(slope, (above - y) / (beyond - x))
            break
    return slope, max(y - slope * x for x, y in hull)


def _upper_hull(sources: NDArray[np.int64], targets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The corners, from the origin to the longest source (Andrew 1979)."""
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
    """Whether the middle of three points lies on or below the line through the others."""
    return (middle[1] - first[1]) * (last[0] - first[0]) <= (last[1] - first[1]) * (middle[0] - first[0])
