"""Answers to texts: what each is, and answers as a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqloom.errors import UserError


@dataclass(frozen=True)
class Answer:
    """A generated text with its score."""

    text: str
    score: float  # log-probability divided by length ** length_penalty; 0 for an empty source
    tokens: list[int]  # of the target vocabulary, without START and END
    truncated: bool = False  # it reached its length limit before END
    carried_over: str = (
        ""  # with decoding.protect: `none` to carry over, `kept`, `split`: put together from parts, or `lost`
    )
    terms_honored: float | None = None  # with decoding.glossary: the share of the source's terms, 1 if it has none
    from_memory: bool = False  # it is a target of a translation memory, and the model was not asked
    confidence: float | None = None  # probability that it is right, where the model has learned to say so
    answered_in: str = ""  # with decoding.long_texts sentences: `whole`, by `sentences`, or in smaller `parts`


@dataclass(frozen=True)
class AttentionMap:
    """Attention weights of the decoder over the source, for one answer; both sides end with END."""

    source: list[str]  # S tokens
    target: list[str]  # T tokens
    weights: list[list[float]]  # (T, S), each row adds up to 1


Answers = list[list[Answer]]
"""The answers to each text, best first."""

Columns = dict[str, list[Any]]
"""Answers as a table: a list for each column, with one entry for each text."""

ColumnType = type[str] | type[float] | type[bool] | list[str]
"""Type of the entries of a column; a list of names stands for a mapping from each of them to a number."""

EMPTY_ANSWER = Answer("", 0.0, [])
TRUNCATED = "truncated"  # column: the answer reached its length limit before END


class Unanswerable(UserError):
    """One text of a batch has no answer; `row` counts the texts from 0."""

    def __init__(self, row: int, rows: int, why: str) -> None:
        super().__init__(row, rows, why)
        self.row, self.rows, self.why = row, rows, why

    def __str__(self) -> str:
        return self.sentence(f"text {self.row + 1} of {self.rows}")

    def sentence(self, text: str) -> str:
        """Return the message; `text` names the text as the reader knows it."""
        return f"{text} {self.why}"


def least_confidence(answers: Iterable[Answer]) -> float | None:
    """Return the confidence in the least sure of several answers; None if the model does not say."""
    return min((each.confidence for each in answers if each.confidence is not None), default=None)


def concatenate(tables: Iterable[Mapping[str, Sequence[Any]]]) -> Columns:
    """Return the rows of several tables with the same columns as one table, in order."""
    whole: Columns = {}
    for table in tables:
        for column, values in table.items():
            whole.setdefault(column, []).extend(values)
    assert len({len(values) for values in whole.values()}) <= 1, "a table has other columns than another"
    return whole
