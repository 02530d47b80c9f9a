"""Which split a text belongs to, decided by the text alone."""

import hashlib
from dataclasses import dataclass
from typing import Self

from seqloom.corpus import SPLITS
from seqloom.corpus.sources import Sources
from seqloom.recipe.schema import Corpus


@dataclass(frozen=True)
class Shares:
    """Shares of the training text that go to the splits without files of their own; 0 for one that has files."""

    validation: float
    test: float
    overfit: bool = False  # every split is the training text

    @classmethod
    def of(cls, section: Corpus, sources: Sources) -> Self:
        """The shares that the recipe gives."""
        return cls(
            validation=0.0 if sources.validation.columns else section.validation_share,
            test=0.0 if sources.test.columns else section.test_share,
            overfit=section.overfit,
        )

    def splits_of(self, source: str, given_for: str) -> tuple[str, ...]:
        """Name the splits of a normalized source text from the files given for one of them."""
        if self.overfit:
            return SPLITS
        return (self.split_of(source) if given_for == "train" else given_for,)

    def split_of(self, source: str) -> str:
        """Name the split of a normalized source text.

        The test split takes the low end of [0, 1) and validation the high end: text stays where it is however much
        the corpus grows, and a new share for one split moves nothing into or out of the other.
        """
        place = position(source)
        if place < self.test:
            return "test"
        return "validation" if place >= 1.0 - self.validation else "train"


class Stretches:
    """Running text is cut where it stands: its end is the test split, and what lies before that validation.

    A hash would put a passage for training between each two of the test.
    """

    def __init__(self, passages: int, shares: Shares) -> None:
        self._number = 0
        self._test = passages - round(passages * shares.test)
        self._validation = self._test - round(passages * shares.validation)
        self._by_heart = shares.overfit

    def splits_of(self, source: str, given_for: str) -> tuple[str, ...]:  # noqa: ARG002 its place decides
        """Name the splits of the next passage from the files given for one of them."""
        if self._by_heart:
            return SPLITS
        if given_for != "train":
            return (given_for,)
        self._number += 1
        if self._number > self._test:
            return ("test",)
        return ("validation" if self._number > self._validation else "train",)


def position(source: str) -> float:
    """A number in [0, 1) that looks random and is always the same for the same text."""
    digest = hashlib.blake2b(source.encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53  # as many bits as a float holds, so 1 is never reached
