"""Filters that compare a pair with those kept before it: unique_source, unique_target, near_duplicates."""

import hashlib
from collections.abc import Sequence
from typing import Self

from seqloom.corpus.near_duplicates import NearDuplicates, Sketch
from seqloom.recipe.filter_expressions import FilterExpression, parse_filters
from seqloom.recipe.schema import CorpusSection

STATEFUL = ("unique_source", "unique_target", "near_duplicates")
"""Names of the filters that need a memory."""


class FilterMemory:
    """Memory of the filters that compare pairs with kept ones: 8 bytes for each text, and sketches."""

    def __init__(self, filters: Sequence[FilterExpression]) -> None:
        self._sides = [(str(each), each.sides[0], set[bytes]()) for each in filters if each.name.startswith("unique")]
        near = [each for each in filters if each.name == "near_duplicates"]
        self._near_name = str(near[0]) if near else ""
        self.near = NearDuplicates(near[0].number) if near else None

    @classmethod
    def of(cls, section: CorpusSection) -> Self | None:
        """Return the memory of a recipe's filters; None if none of them needs one."""
        filters = [each for each in parse_filters(section.filters) if each.name in STATEFUL]
        return cls(filters) if filters else None

    def rejection_reason(self, source: str, target: str, given_for: str, sketch: Sketch | None) -> str:
        """Return the filter that drops a pair of the training files; one that is kept is remembered."""
        texts = {"source": source, "target": target}
        digests = [hashlib.blake2b(texts[side].encode(), digest_size=8).digest() for _, side, _ in self._sides]
        if given_for == "train":
            for (name, _, known), digest in zip(self._sides, digests, strict=True):
                if digest in known:
                    return name
            if self.near and sketch and self.near.is_too_similar(sketch):
                return self._near_name
            for (_, _, known), digest in zip(self._sides, digests, strict=True):
                known.add(digest)
        if self.near and sketch:
            self.near.add(sketch)
        return ""
