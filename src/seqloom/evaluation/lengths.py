"""Does quality fall as sources grow longer? chrF by source length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqloom.evaluation.scores import corpus_chrf


@dataclass(frozen=True)
class LengthBucket:
    """The rows whose source is between two lengths, in characters, both included."""

    shortest: int
    longest: int
    rows: int
    chrf: Mapping[str, float]  # by system


def length_buckets(
    sources: Sequence[str], references: Sequence[str], systems: Mapping[str, Sequence[str]], most: int = 6
) -> list[LengthBucket]:
    """Cut the rows into at most `most` buckets of about as many rows each, and score every system on each.

    Rows of one length stay together, so there are fewer buckets where there are few lengths.
    """
    lengths = np.array([len(source) for source in sources])
    shares = np.linspace(0, 1, most + 1)[1:]
    limits = np.unique(np.quantile(lengths, shares, method="lower"))  # the longest of each bucket: lengths that occur
    bucket_of_row = np.searchsorted(limits, lengths)
    buckets = []
    for number in range(len(limits)):
        rows = np.flatnonzero(bucket_of_row == number).tolist()
        some = [references[row] for row in rows]
        chrf = {name: corpus_chrf([texts[row] for row in rows], some) for name, texts in systems.items()}
        buckets.append(LengthBucket(int(lengths[rows].min()), int(lengths[rows].max()), len(rows), chrf))
    return buckets
