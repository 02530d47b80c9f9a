"""The exposure of canaries in words; PyTorch is not needed to read it."""

from collections.abc import Mapping
from typing import Any

UNLEARNED = 1.44  # bits of exposure, on average, of a canary that a model has not seen: 1 / ln 2


def describe_exposure(found: Mapping[str, Any]) -> str:
    """Return a sentence on the facts of `exposure`."""
    count = len(found["canaries"])
    return (
        f"{count:,} canaries, random sequences that were planted in the training text, have an exposure of "
        f"{found['mean']:.1f} bits on average and {found['most']:.1f} at most: {UNLEARNED} is expected of a model that "
        f"has learned none of them, {found['bits']:.0f} of one that knows them by heart. Each was ranked among "
        f"{found['candidates']:,} random ones."
    )
