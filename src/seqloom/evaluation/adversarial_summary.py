"""A sentence on the outcome of an adversarial search."""

from collections.abc import Mapping
from typing import Any


def describe_adversarial(found: Mapping[str, Any], acceptable: str) -> str:
    """Return a sentence on the facts of `adversarial_search`; `acceptable` says what acceptable answers do."""
    return (
        f"Of {found['rows']:,} test rows the answers to {found['acceptable']:,} {acceptable}; an edit of at most "
        f"{found['characters']} characters, found by asking up to {found['budget']:,} texts for each, breaks "
        f"{found['broken']:,} of them ({found['share']:.0%})."
    )
