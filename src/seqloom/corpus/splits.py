"""Assign texts to train, validation and test by a hash of the text."""

import hashlib
from dataclasses import dataclass
from typing import Self

from seqloom.corpus import SPLITS
from seqloom.corpus.sources import Sources
from seqloom.recipe.schema import CorpusSection


@dataclass(frozen=True)
class Shares:
    """Shares of the training text that are split off for validation and test; 0 for a split with its own files."""

    validation: float
    test: float
    overfit: bool = False  # use the training text for every split

    @classmethod
    def of(cls, section: CorpusSection, sources: Sources) -> Self:
        """Read the shares of a recipe."""
        return cls(
            validation=0.0 if sources.validation.rows else section.validation_share,
            test=0.0 if sources.test.rows else section.test_share,
            overfit=section.overfit,
        )

    def splits_of(self, source: str, given_for: str) -> tuple[str, ...]:
        """Return the splits of a normalized source text from the files of split `given_for`."""
        if self.overfit:
            return SPLITS
        return (self.split_of(source) if given_for == "train" else given_for,)

    def split_of(self, source: str) -> str:
        """Return the split of a normalized source text from the training files.

        The test split takes the low end of [0, 1) and validation the high end: text stays in its split however much
        the corpus grows, and a new share for one split moves nothing into or out of the other.
        """
        point = hash_position(source)
        if point < self.test:
            return "test"
        return "validation" if point >= 1.0 - self.validation else "train"


class ContiguousSplits:
    """Contiguous splits of running text: its end is the test split, the part before that validation.

    A hash would put training passages between those of the test split.
    """

    def __init__(self, passages: int, shares: Shares) -> None:
        self._number = 0
        self._test = passages - round(passages * shares.test)
        self._validation = self._test - round(passages * shares.validation)
        self._overfit = shares.overfit

    def splits_of(self, source: str, given_for: str) -> tuple[str, ...]:  # noqa: ARG002 the order decides
        """Return the splits of the next passage from the files of split `given_for`."""
        if self._overfit:
            return SPLITS
        if given_for != "train":
            return (given_for,)
        self._number += 1
        if self._number > self._test:
            return ("test",)
        return ("validation" if self._number > self._validation else "train",)


def hash_position(source: str) -> float:
    """Return a hash of the text in [0, 1)."""
    digest = hashlib.blake2b(source.encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53  # as many bits as a float holds, so 1 is never reached
