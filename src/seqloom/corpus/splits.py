"""Assign texts to train, validation and test by a hash of the text."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus import SPLITS
from seqloom.corpus.sources import Sources
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import SourceSection, source_names


@dataclass(frozen=True)
class Shares:
    """Shares of the training text that are split off for validation and test; 0 for a split with its own files."""

    validation: float
    test: float
    overfit: bool = False  # use the training text for every split

    @classmethod
    def of(cls, section: CorpusSection, sources: Sources) -> Self:
        """Read the shares of a recipe for a source that has none of its own."""
        return cls(
            validation=0.0 if sources.validation.rows else section.validation_share,
            test=0.0 if sources.test.rows else section.test_share,
            overfit=section.overfit,
        )

    @classmethod
    def by_source(cls, section: CorpusSection, sources: Sources) -> Mapping[str, Self]:
        """Read the shares of a recipe by the name of the source, in the order of its rows."""
        of_all, own = cls.of(section, sources), {each.name: each for each in section.sources}
        return {name: of_all._with_own(own[name]) if name in own else of_all for name in source_names(section)}

    def _with_own(self, source: SourceSection) -> Self:
        """Return the shares of a source, of which those of -1 are these."""
        own = source.validation_share, source.test_share
        validation, test = (
            of_all if share < 0 else share for of_all, share in zip((self.validation, self.test), own, strict=True)
        )
        return replace(self, validation=validation, test=test)

    def masks(self, openings: NDArray[np.uint64], given_for: str) -> dict[str, NDArray[np.bool_]]:
        """Return by split which of the kept rows of a file are in it, by the keys `(N,)` of their openings.

        The test split takes the low end of [0, 1) and validation the high end: text stays in its split however much
        the corpus grows, and a new share for one split moves nothing into or out of the other.
        """
        everything = np.ones(len(openings), bool)
        if self.overfit:
            return dict.fromkeys(SPLITS, everything)
        if given_for != "train":
            return {given_for: everything}
        points = hash_positions(openings)
        test, validation = points < self.test, points >= 1.0 - self.validation
        return {"test": test, "validation": validation & ~test, "train": ~(test | validation)}


class ContiguousSplits:
    """Contiguous splits of running text: its end is the test split, the part before that validation.

    A hash would put training passages between those of the test split.
    """

    def __init__(self, passages: int, shares: Shares) -> None:
        self._number = 0
        self._test = passages - round(passages * shares.test)
        self._validation = self._test - round(passages * shares.validation)
        self._overfit = shares.overfit

    def masks(
        self,
        openings: NDArray[np.uint64],
        given_for: str,
        source_name: str = "",  # noqa: ARG002 running text has one source
    ) -> dict[str, NDArray[np.bool_]]:
        """Return by split which of the next passages of a file are in it; their order decides."""
        everything = np.ones(len(openings), bool)
        if self._overfit:
            return dict.fromkeys(SPLITS, everything)
        if given_for != "train":
            return {given_for: everything}
        numbers = self._number + np.arange(1, len(openings) + 1)
        self._number += len(openings)
        test, train = numbers > self._test, numbers <= self._validation
        return {"test": test, "validation": ~(test | train), "train": train & ~test}


def hash_positions(openings: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the points in [0, 1) of keys."""
    return (openings >> np.uint64(11)).astype(
        np.float64
    ) / 2**53  # as many bits as a float holds, so 1 is never reached
