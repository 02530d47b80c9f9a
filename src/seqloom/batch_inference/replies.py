"""Rows in, and for each an answer or why there is none: where the model fails on one text, the others are answered."""

from collections.abc import Iterator, Sequence
from typing import Any

from seqloom.batch_inference.input_table import Rows
from seqloom.corpus.normalization import normalize
from seqloom.decoding.generator import Generator
from seqloom.errors import UserError

PIECE = 512  # texts between two reports

Reply = tuple[dict[str, Any] | None, str]  # the columns of an answer, or why there is none


def replies_to(rows: Rows, generator: Generator, longest: int, first: int) -> Iterator[list[Reply]]:
    """A reply to each row, some hundred at a time; a text of more than `longest` characters is not answered.

    `first` is the number of the first row in the file: what is drawn for a row follows from its number.
    """
    pairs = [(text, rows.wrong.get(row, "")) for row, text in enumerate(rows.texts)]
    for start in range(0, len(pairs), PIECE):
        yield _reply(generator, pairs[start : start + PIECE], longest, first + start)


def _reply(generator: Generator, piece: list[tuple[object, str]], longest: int, first: int) -> list[Reply]:
    """An answer or a reason for each text, the first of which has this number in the file."""
    piece = [(generator.wording(text), wrong) for text, wrong in piece]
    told: list[Reply] = [(None, wrong or _unusable(text, longest, generator.needs_text)) for text, wrong in piece]
    usable = [row for row, (_, reason) in enumerate(told) if not reason]
    answers = _answer(generator, [str(piece[row][0]) for row in usable], [first + row for row in usable])
    for row, answer in zip(usable, answers, strict=True):
        told[row] = (None, _reason(answer)) if isinstance(answer, Exception) else (answer, "")
    return told


def _unusable(text: object, longest: int, needs_text: bool) -> str:
    if text is None:
        return "no text (null)"
    if not isinstance(text, str):
        return f"of type {type(text).__name__}, not text"
    if needs_text and not normalize(text):
        return "no text (blank)"
    return f"too long: {len(text)} characters, {longest} at most" if len(text) > longest else ""


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


def _answer(generator: Generator, texts: Sequence[str], numbers: Sequence[int]) -> list[dict[str, Any] | Exception]:
    """An answer each; where the model fails, halves are tried until the text that it fails on stands alone."""
    if not texts:
        return []
    try:
        columns = generator.columns(generator.answer(texts, generator.decoding, numbers))
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    except Exception as error:
        if len(texts) == 1:
            return [error]
        middle = len(texts) // 2
        parts = slice(middle), slice(middle, None)
        return [answer for part in parts for answer in _answer(generator, texts[part], numbers[part])]
