"""A handful of held-out rows to show a person: the best, the median, the worst, and what lies between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Merit:
    """How good the answer to one row is."""

    value: float  # higher is better
    told: str  # the score in words


@dataclass(frozen=True)
class Example:
    """What went in, what a person wrote, and what the model wrote."""

    rank: str  # among all rows, by the score of each, with it
    source: str
    reference: str
    hypothesis: str


def choose_examples(
    sources: Sequence[str], references: Sequence[str], hypotheses: Sequence[str], merits: Sequence[Merit], count: int
) -> list[Example]:
    """`count` rows, or all where there are fewer: the best first, the worst last, the others evenly between by rank.

    So they tell how good the model is and how bad it can be, and flatter nobody. Of equally good ones the longest
    source comes first: a long answer that is right says more than a short one.
    """
    rows = list(zip(sources, references, hypotheses, merits, strict=True))
    ranked = sorted(rows, key=lambda row: (-row[3].value, -len(row[0]), row[0], row[1], row[2]))
    return [
        Example(f"{_rank(place, len(rows))}, {merit.told}", source, reference, hypothesis)
        for place in _places(len(rows), count)
        for source, reference, hypothesis, merit in [ranked[place]]
    ]


def short_source(examples: Sequence[Mapping[str, str]], default: str) -> str:
    """A short source that is answered well, to show callers what goes in; `default` where there is none.

    The examples stand as `choose_examples` ranked them: it is the shortest of the better half. The shortest of all may
    be the worst, and the first thing that somebody tries.
    """
    sources = [example["source"] for example in examples if example["source"].strip()]
    return min(sources[: max(1, len(sources) // 2)], key=len, default=default)


def _places(rows: int, count: int) -> list[int]:
    """Ranks from 0."""
    count = min(count, rows)
    if count == 1:
        return [(rows - 1) // 2]
    return [(2 * part * (rows - 1) + count - 1) // (2 * (count - 1)) for part in range(count)]  # rounded


def _rank(place: int, rows: int) -> str:
    if rows == 1:
        return "the only one"
    named = {0: f"best of {rows:,}", rows - 1: f"worst of {rows:,}", (rows - 1) // 2: "median", rows // 2: "median"}
    return named.get(place, f"number {place + 1:,} of {rows:,}")
