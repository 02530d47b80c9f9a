"""Which pairs are kept, and why the others are not."""

import hashlib

EMPTY_SOURCE = "empty source"
EMPTY_TARGET = "empty target"
TOO_LONG = "too long"
DUPLICATE = "duplicate"
ALSO_IN_TEST = "also in test"
ALSO_IN_VALIDATION = "also in validation"


class Cleaner:
    """Judges normalised pairs one by one: those of given test files first, then validation, then training.

    It remembers what it has kept as eight bytes each, so that a corpus of millions of pairs fits.
    """

    def __init__(self, max_characters: int) -> None:
        self._max_characters = max_characters
        self._kept: set[bytes] = set()
        self._beginnings: dict[str, set[bytes]] = {"test": set(), "validation": set()}

    def reason_against(self, source: str, target: str, given_for: str, beginning: str, core: str = "") -> str:
        """Say why a pair from the files given for a split is rejected; nothing where it is kept.

        `beginning` is what no two splits may share: the source, or how the dialogue begins that the pair is from.
        `core` is what makes two pairs the same, if that is less than source and target.
        """
        if not source:
            return EMPTY_SOURCE
        if not target:
            return EMPTY_TARGET
        if max(len(source), len(target)) > self._max_characters:
            return TOO_LONG
        return self._reason_by_memory(core or f"{source}\n{target}", given_for, beginning)

    def _reason_by_memory(self, core: str, given_for: str, beginning: str) -> str:
        known = _digest(beginning)
        if given_for != "test" and known in self._beginnings["test"]:
            return ALSO_IN_TEST
        if given_for != "validation" and known in self._beginnings["validation"]:
            return ALSO_IN_VALIDATION
        pair = _digest(core)  # normalised text is one line, so no two pairs look the same
        if pair in self._kept:
            return DUPLICATE
        self._kept.add(pair)
        if given_for != "train":
            self._beginnings[given_for].add(known)
        return ""


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
