"""Names of the filters and normalizers of a recipe, for messages about what it has written."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Protocol


class Rule(Protocol):
    """A filter or normalizer that a recipe may name."""

    @property
    def form(self) -> str:
        """Return an example of how it is written."""


def meant_rule(name: str, rules: Mapping[str, Rule]) -> str:
    """Return the rule whose name is nearest to one that is none, or all of them."""
    close = get_close_matches(name, rules, n=1, cutoff=0.6)
    return f"did you mean {rules[close[0]].form}?" if close else f"they are {', '.join(rules)}"


def quoted(text: str) -> str:
    """Return what was written, in quotation marks and not too long for a message."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
