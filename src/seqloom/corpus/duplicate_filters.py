"""Filters that compare a pair with those kept before it: unique_source, unique_target, near_duplicates."""

from dataclasses import dataclass
from typing import Self

from seqloom.recipe.filter_expressions import parse_filters
from seqloom.recipe.schema import CorpusSection

OF_DUPLICATES = ("unique_source", "unique_target", "near_duplicates")


@dataclass(frozen=True)
class DuplicateFilters:
    """Those of a recipe, as it writes them."""

    unique: dict[str, str]  # side by filter
    near: str = ""  # the filter of near-duplicates; empty: none
    similarity: float = 0.0  # the highest that two kept sources may have

    @classmethod
    def of(cls, section: CorpusSection) -> Self:
        """Read the filters of a recipe."""
        filters = [each for each in parse_filters(section.filters) if each.name in OF_DUPLICATES]
        near = next((each for each in filters if each.name == "near_duplicates"), None)
        return cls(
            {str(each): each.sides[0] for each in filters if each is not near},
            str(near) if near else "",
            near.number if near else 0.0,
        )
