"""Example answers for the report: best, median, worst, and ranks between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Merit:
    """The quality of the answer to one row."""

    value: float  # higher is better
    label: str  # the score as text, with its metric


@dataclass(frozen=True)
class Example:
    """One row: source, reference and hypothesis, with its rank."""

    rank: str  # among all rows, and the score
    source: str
    reference: str
    hypothesis: str


def choose_examples(
    sources: Sequence[str], references: Sequence[str], hypotheses: Sequence[str], merits: Sequence[Merit], count: int
) -> list[Example]:
    """Return `count` rows (or all, if fewer), evenly spaced by rank: the best first, the worst last.

    Ties are ranked by length, the longest source first: a long correct answer says more than a short one.
    """
    rows = list(zip(sources, references, hypotheses, merits, strict=True))
    ranked = sorted(rows, key=lambda row: (-row[3].value, -len(row[0]), row[0], row[1], row[2]))
    return [
        Example(f"{_rank(index, len(rows))}, {merit.label}", source, reference, hypothesis)
        for index in _even_ranks(len(rows), count)
        for source, reference, hypothesis, merit in [ranked[index]]
    ]


def short_source(examples: Sequence[Mapping[str, str]], default: str) -> str:
    """Return a short source that is answered well, as sample input; `default` if there is none.

    It is the shortest of the better half of `examples`, which are ordered as `choose_examples` ranks them.
    """
    sources = [example["source"] for example in examples if example["source"].strip()]
    return min(sources[: max(1, len(sources) // 2)], key=len, default=default)


def _even_ranks(rows: int, count: int) -> list[int]:
    """Return `count` evenly spaced ranks, from 0."""
    count = min(count, rows)
    if count == 1:
        return [(rows - 1) // 2]
    return [(2 * part * (rows - 1) + count - 1) // (2 * (count - 1)) for part in range(count)]  # rounded


def _rank(index: int, rows: int) -> str:
    if rows == 1:
        return "the only one"
    named = {0: f"best of {rows:,}", rows - 1: f"worst of {rows:,}", (rows - 1) // 2: "median", rows // 2: "median"}
    return named.get(index, f"number {index + 1:,} of {rows:,}")
