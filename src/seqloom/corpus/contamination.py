"""Test set contamination: held-out texts that stand in the training text, exactly or nearly."""

from collections.abc import Sequence
from typing import Literal

from seqloom.corpus.near_duplicates import NearDuplicates
from seqloom.corpus.overlap import Chunks, stand_in

SIMILARITY = 0.8  # Jaccard similarity from which a text is a near-duplicate
_ROWS_AT_ONCE = 4096  # texts sketched together

Kind = Literal["", "exact", "near"]
"""How a text stands in training: not at all, but for case, spaces and punctuation, or as a near-duplicate."""


def contamination_of(texts: Sequence[str], training: Chunks, near: bool = True) -> list[Kind]:
    """Return how each text stands in the training text, which is read once; `near` looks for near-duplicates, too.

    Memory grows with `texts` alone.
    """
    index = NearDuplicates(SIMILARITY)
    for start in range(0, len(texts) if near else 0, _ROWS_AT_ONCE):
        for sketch in index.sketches(texts[start : start + _ROWS_AT_ONCE]):
            index.add(sketch)
    similar: set[int] = set()

    def sketched() -> Chunks:
        for chunk in training:
            for start in range(0, len(chunk) if near else 0, _ROWS_AT_ONCE):
                for sketch in index.sketches(chunk[start : start + _ROWS_AT_ONCE]):
                    similar.update(index.too_similar(sketch))
            yield chunk

    exact = stand_in(texts, sketched())
    return ["exact" if same else "near" if row in similar else "" for row, same in enumerate(exact)]
