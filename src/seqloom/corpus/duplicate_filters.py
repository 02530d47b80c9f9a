"""Filters that compare a pair with those kept before it: unique_source, unique_target, boilerplate, near_duplicates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from seqloom.corpus.normalization import fold_text
from seqloom.recipe.filter_expressions import FilterExpression, parse_filters
from seqloom.recipe.schema import CorpusSection

OF_DUPLICATES = ("unique_source", "unique_target", "boilerplate", "near_duplicates")
_DIGITS = re.compile(r"\d+")


class SideLimit(NamedTuple):
    """How many kept pairs may have the same text on a side."""

    filter: str  # as the recipe writes it
    side: str
    most: int = 1
    of_template: bool = False  # the same text but for digits, case, spaces and punctuation

    def compared(self, text: str) -> str:
        """Return what is compared of a text of the side."""
        return _DIGITS.sub("", fold_text(text)) if self.of_template else text


@dataclass(frozen=True)
class DuplicateFilters:
    """Those of a recipe, as it writes them."""

    limits: tuple[SideLimit, ...]
    near: str = ""  # the filter of near-duplicates; empty: none
    similarity: float = 0.0  # the highest that two kept sources may have

    @classmethod
    def of(cls, section: CorpusSection) -> Self:
        """Read the filters of a recipe."""
        filters = [each for each in parse_filters(section.filters) if each.name in OF_DUPLICATES]
        near = next((each for each in filters if each.name == "near_duplicates"), None)
        limits = tuple(limit for each in filters if each is not near for limit in limits_of(each))
        return cls(limits, str(near) if near else "", near.number if near else 0.0)


def limits_of(expression: FilterExpression) -> Iterator[SideLimit]:
    """Yield the limits of a filter, side by side."""
    for side in expression.sides:
        if expression.name == "boilerplate":
            yield SideLimit(str(expression), side, int(expression.number), of_template=True)
        else:
            yield SideLimit(str(expression), side)
