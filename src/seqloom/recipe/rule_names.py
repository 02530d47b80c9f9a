"""Names of the filters and normalizers of a recipe, for messages about what it has written."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Protocol

SIDES = ("source", "target")


class Rule(Protocol):
    """A filter or normalizer that a recipe may name."""

    @property
    def form(self) -> str:
        """Return an example of how it is written."""


def sides_of(written: str, side: str | None, is_fixed: bool, form: str) -> tuple[str, ...]:
    """Return the sides that a filter or normalizer looks at: the one in front of its name, else both.

    Raises:
        ValueError: there is no such side, or the recipe cannot choose one; `form` is how it is written.
    """
    if side is None:
        return SIDES
    if is_fixed or side not in SIDES:
        remedy = "its side cannot be chosen" if is_fixed else "a side is source or target"
        raise ValueError(f"{quoted(written)}: {remedy}, so write {form}")
    return (side,)


def meant_rule(name: str, rules: Mapping[str, Rule]) -> str:
    """Return the rule whose name is nearest to one that is none, or all of them."""
    close = get_close_matches(name, rules, n=1, cutoff=0.6)
    return f"did you mean {rules[close[0]].form}?" if close else f"they are {', '.join(rules)}"


def quoted(text: str) -> str:
    """Return what was written, in quotation marks and not too long for a message."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
