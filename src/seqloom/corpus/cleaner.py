"""Which pairs are kept, and why the others are not."""

import hashlib

from seqloom.corpus.pairs import SplitGroup

EMPTY_SOURCE = "empty source"
EMPTY_TARGET = "empty target"
TOO_LONG = "too long"
DUPLICATE = "duplicate"
ALSO_IN_TEST = "also in test"
ALSO_IN_VALIDATION = "also in validation"

SHARED = 0.25  # of a dialogue's rows in a held-out one: more is no chance


class Cleaner:
    """Judges normalized pairs one by one: those of given test files first, then validation, then training.

    It remembers what it has kept as eight bytes each, so that a corpus of millions of pairs fits.
    """

    def __init__(self, max_characters: int) -> None:
        self._max_characters = max_characters
        self._kept: set[bytes] = set()
        self._openings: dict[str, set[bytes]] = {"test": set(), "validation": set()}
        self._cores: dict[str, set[bytes]] = {"test": set(), "validation": set()}
        self._last: tuple[SplitGroup, str] | None = None  # the rows of a dialogue come one after the other

    def reason_against(
        self, source: str, target: str, given_for: str, kin: SplitGroup, core: str = "", characters: int = 0
    ) -> str:
        """Say why a pair from the files given for a split is rejected; nothing where it is kept.

        Both are folded, so that pairs are the same that differ in white space alone; `characters` are those of the
        longer side where more is kept of it. `kin` tells what no two splits may share: the source, or the dialogue that
        the pair is from. `core` is what makes two pairs the same, if that is less than source and target.
        """
        if not source:
            return EMPTY_SOURCE
        if not target:
            return EMPTY_TARGET
        if max(len(source), len(target), characters) > self._max_characters:
            return TOO_LONG
        if held_out := self._held_out(kin, given_for):
            return held_out
        pair = _digest(core or f"{source}\n{target}")  # folded text is one line, so no two pairs look the same
        if pair in self._kept:
            return DUPLICATE
        self._kept.add(pair)
        if given_for != "train":
            self._openings[given_for].add(_digest(kin.opening))
            self._cores[given_for].update([_digest(core)] if core else [])
        return ""

    def _held_out(self, kin: SplitGroup, given_for: str) -> str:
        """Why a pair may not be in a split: another holds its source, or a dialogue that is nearly the same."""
        if self._last is None or self._last[0] is not kin:
            self._last = kin, self._found(kin, given_for)
        return self._last[1]

    def _found(self, kin: SplitGroup, given_for: str) -> str:
        opening, cores = _digest(kin.opening), set(map(_digest, kin.cores))
        for split, reason in (("test", ALSO_IN_TEST), ("validation", ALSO_IN_VALIDATION)):
            shared = len(cores & self._cores[split])
            if given_for != split and (opening in self._openings[split] or shared > SHARED * len(cores)):
                return reason
        return ""


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
