"""Scores by source length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqloom.evaluation.paired_bootstrap import SufficientStatistics


@dataclass(frozen=True)
class LengthBucket:
    """The rows whose source is between two lengths, in characters, both included."""

    shortest: int
    longest: int
    rows: int
    scores: Mapping[str, float]  # by system


def length_buckets(
    sources: Sequence[str], systems: Mapping[str, SufficientStatistics], most: int = 6
) -> list[LengthBucket]:
    """Split the rows into at most `most` buckets of about equal size by source length, and score each system on each.

    Rows of one length stay together, so a test split with few lengths has fewer buckets.
    """
    buckets = []
    for rows in rows_by_length(sources, most):
        lengths = [len(sources[row]) for row in rows]
        scores = {name: counts.of(rows) for name, counts in systems.items()}
        buckets.append(LengthBucket(min(lengths), max(lengths), len(rows), scores))
    return buckets


def rows_by_length(sources: Sequence[str], most: int) -> list[list[int]]:
    """Return the indices of the rows in at most `most` groups of about equal size, from short sources to long."""
    lengths = np.array([len(source) for source in sources])
    shares = np.linspace(0, 1, most + 1)[1:]
    limits = np.unique(np.quantile(lengths, shares, method="lower"))  # the longest of each group: lengths that occur
    group_of_row = np.searchsorted(limits, lengths)
    return [np.flatnonzero(group_of_row == number).tolist() for number in range(len(limits))]
