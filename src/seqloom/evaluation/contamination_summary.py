"""Sentences on the contamination of test rows, for pages, the card and the terminal."""

from collections.abc import Mapping
from typing import Any

from seqloom.recipe.metric import Metric


def describe_contamination(contamination: Mapping[str, Any], measure: Metric, rows: str) -> str:
    """Return a sentence on the facts of `CleanRows`; empty for evaluations of earlier releases."""
    if not contamination:
        return ""
    found = contamination["exact"] + contamination["near"]
    if not found:
        return f"None of the {contamination['rows']:,} test {rows} stands in the training text."
    alone = measure.shown(contamination["scores"]["contaminated"][measure.name])
    which = "count apart" if contamination["counted"] == "clean" else "count like the others"
    return (
        f"{found:,} of the {contamination['rows']:,} test {rows} stand in the training text, {contamination['near']:,} "
        f"of them nearly, and {which}: {measure.label} of these alone is {alone}."
    )
