"""A handful of held-out rows to show a person."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """What went in, what a person wrote, and what the model wrote."""

    source: str
    reference: str
    hypothesis: str


def choose_examples(
    sources: Sequence[str], references: Sequence[str], hypotheses: Sequence[str], count: int
) -> list[Example]:
    """`count` rows, or all where there are fewer, from short sources to long, evenly spread over the rows by length.

    Chosen without a look at the hypotheses, so they flatter nobody, and the same rows for every version.
    """
    rows = [Example(*row) for row in zip(sources, references, hypotheses, strict=True)]
    by_length = sorted(rows, key=lambda row: (len(row.source), row.source, row.reference))
    count = min(count, len(rows))
    return [by_length[(2 * part + 1) * len(rows) // (2 * count)] for part in range(count)]  # the middle of each part
