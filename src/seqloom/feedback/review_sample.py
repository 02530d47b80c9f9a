"""Rows that a person should look at: where the model is least sure, what is unlike its training, and a random control.

Uncertainty sampling (Lewis & Gale 1994) finds what the model knows not to know, novelty what it does not; the random
rows say how good the rest is.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Why = Literal["least sure", "unlike training", "random"]
WHYS: tuple[Why, ...] = ("least sure", "unlike training", "random")


@dataclass(frozen=True)
class AskedRow:
    """A text that was asked, with the model's answer."""

    source: str
    prediction: str
    score: float  # of the answer; higher is better
    novelty: float  # 0 to 1; 0 where the training text is not known
    confidence: float | None = None  # 0 to 1; None where the version has none

    @property
    def sureness(self) -> float:
        """Return how sure the model is: higher is surer."""
        return self.score if self.confidence is None else self.confidence


@dataclass(frozen=True)
class ReviewRow:
    """A row to be corrected, and why it was chosen."""

    why: Why
    row: AskedRow


def choose_rows(rows: Sequence[AskedRow], count: int, seed: int) -> list[ReviewRow]:
    """Return `count` rows at most, a third for each reason; where nothing is unlike, random ones take its place."""
    share = -(-count // len(WHYS))
    by_sureness = sorted(rows, key=lambda row: row.sureness)
    unsure, rest = by_sureness[:share], by_sureness[share:]
    by_novelty = sorted(rest, key=lambda row: -row.novelty)
    new = min(share, count - len(unsure), sum(row.novelty > 0 for row in rest))
    unlike, rest = by_novelty[:new], by_novelty[new:]
    control = random.Random(seed).sample(rest, min(len(rest), count - len(unsure) - len(unlike)))
    chosen = zip(WHYS, (unsure, unlike, control), strict=True)
    return [ReviewRow(why, row) for why, part in chosen for row in part]
