"""Reject pairs for the sake of others: duplicates, near-duplicates, and leakage between splits."""

import hashlib

from seqloom.corpus.filter_memory import FilterMemory
from seqloom.corpus.near_duplicates import Sketch
from seqloom.corpus.pairs import SplitGroup

DUPLICATE = "duplicate"
ALSO_IN_TEST = "also in test"
ALSO_IN_VALIDATION = "also in validation"

SHARED = 0.25  # of a dialogue's rows that a held-out split may contain by chance


class Cleaner:
    """Filter of pairs without a defect, called with those of test files first, then validation, then training.

    Kept pairs are remembered as 8-byte hashes, so that a corpus of millions of pairs fits into memory.
    """

    def __init__(self, memory: FilterMemory | None = None) -> None:
        """Take the filters that compare pairs with each other, if the recipe has any."""
        self._memory = memory
        self._kept: set[bytes] = set()
        self._openings: dict[str, set[bytes]] = {"test": set(), "validation": set()}
        self._dedup_keys: dict[str, set[bytes]] = {"test": set(), "validation": set()}
        self._last: tuple[SplitGroup, str] | None = None  # the rows of a dialogue come one after the other

    def rejection_reason(
        self,
        source: str,
        target: str,
        given_for: str,
        group: SplitGroup,
        dedup_key: str = "",
        sketch: Sketch | None = None,
    ) -> str:
        """Return why a pair from the files of split `given_for` is rejected, or an empty string.

        Args:
            source: Source text with white space folded, so that pairs which differ in white space alone are duplicates.
            target: Target text, likewise.
            given_for: Split whose files the pair is from.
            group: Source text or dialogue, which no two splits may share.
            dedup_key: Identity of the pair; by default source and target.
            sketch: Of the source, where near-duplicates are dropped.
        """
        if held_out := self._held_out(group, given_for):
            return held_out
        pair = _digest(dedup_key or f"{source}\n{target}")  # folded text is one line, so no two pairs look the same
        if pair in self._kept:
            return DUPLICATE
        if self._memory and (repeated := self._memory.rejection_reason(source, target, given_for, sketch)):
            return repeated
        self._kept.add(pair)
        if given_for != "train":
            self._openings[given_for].add(_digest(group.opening))
            self._dedup_keys[given_for].update([_digest(dedup_key)] if dedup_key else [])
        return ""

    def _held_out(self, group: SplitGroup, given_for: str) -> str:
        """Return why a group may not be in a split: a held-out split has its source, or a near-duplicate dialogue."""
        if self._last is None or self._last[0] is not group:
            self._last = group, self._compute_held_out(group, given_for)
        return self._last[1]

    def _compute_held_out(self, group: SplitGroup, given_for: str) -> str:
        opening, dedup_keys = _digest(group.opening), set(map(_digest, group.dedup_keys))
        for split, reason in (("test", ALSO_IN_TEST), ("validation", ALSO_IN_VALIDATION)):
            shared = len(dedup_keys & self._dedup_keys[split])
            if given_for != split and (opening in self._openings[split] or shared > SHARED * len(dedup_keys)):
                return reason
        return ""


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
