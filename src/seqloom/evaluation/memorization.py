"""Memorization: answers to unseen sources that are a training target, word for word."""

from collections.abc import Iterable, Sequence
from typing import Any

MEMORIZATION = "memorization"  # field of an evaluation's facts
LONG = 30  # characters from which a target is too long to be right by chance
_LISTED = 10
_SHOWN = 200  # characters of a text


def memorization(
    sources: Sequence[str], references: Sequence[str], answers: Sequence[str], targets: Iterable[str]
) -> dict[str, Any]:
    """Count the answers that are a training target of at least `LONG` characters, and not their reference.

    Case and spaces have to be equal. Memory grows with the answers alone.
    """
    asked = {answer for answer in answers if len(answer) >= LONG}
    known = asked.intersection(targets) if asked else set()
    rows = [
        row
        for row, (answer, reference) in enumerate(zip(answers, references, strict=True))
        if answer in known and answer != reference
    ]
    return {
        "copied": len(rows),
        "rows": len(answers),
        "characters": LONG,
        "listed": [{"source": sources[row][:_SHOWN], "answer": answers[row][:_SHOWN]} for row in rows[:_LISTED]],
    }
