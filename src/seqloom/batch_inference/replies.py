"""An answer or an error for each row; if the model fails on one text, the others are still answered."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from seqloom.batch_inference.input_table import Rows
from seqloom.corpus.normalization import normalize
from seqloom.decoding.generator import Generator
from seqloom.errors import UserError

PIECE = 512  # texts between two progress reports

Reply = tuple[dict[str, Any] | None, str]  # the columns of an answer, or the reason for none


def replies_to(rows: Rows, generator: Generator, longest: int, first: int) -> Iterator[list[Reply]]:
    """Yield a reply to each row, `PIECE` at a time; a text of more than `longest` characters is an error.

    `first` is the number of the first row in the file; a row's number decides what is sampled for it.
    """
    pairs = [(text, rows.wrong.get(row, "")) for row, text in enumerate(rows.texts)]
    for start in range(0, len(pairs), PIECE):
        yield _reply(generator, pairs[start : start + PIECE], longest, first + start)


def _reply(generator: Generator, piece: list[tuple[object, str]], longest: int, first: int) -> list[Reply]:
    """Return a reply to each text; `first` is the row number of the first."""
    piece = [_worded(generator, text, wrong, first + row) for row, (text, wrong) in enumerate(piece)]
    replies: list[Reply] = [(None, wrong or _unusable(text, longest, generator.needs_text)) for text, wrong in piece]
    usable = [row for row, (_, reason) in enumerate(replies) if not reason]
    answers = _answer(generator, [cast(str, piece[row][0]) for row in usable], [first + row for row in usable])
    for row, answer in zip(usable, answers, strict=True):
        replies[row] = (None, _reason(answer)) if isinstance(answer, Exception) else (answer, "")
    return replies


def _worded(generator: Generator, text: object, wrong: str, number: int) -> tuple[object, str]:
    """Return the text of row `number`, and why it has none."""
    try:
        return generator.wording(text, number), wrong
    except UserError as error:
        return text, wrong or str(error)


def type_problem(value: object) -> str:
    """Return why a value that is no text has no answer."""
    return f"of type {type(value).__name__}, not text"


def _unusable(text: object, longest: int, needs_text: bool) -> str:
    if text is None:
        return "no text (null)"
    if not isinstance(text, str):
        return type_problem(text)
    if needs_text and not normalize(text):
        return "no text (blank)"
    return f"too long: {len(text)} characters, {longest} at most" if len(text) > longest else ""


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


def _answer(generator: Generator, texts: Sequence[str], numbers: Sequence[int]) -> list[dict[str, Any] | Exception]:
    """Return an answer or an exception for each text; a batch that fails is bisected down to the texts that fail."""
    if not texts:
        return []
    try:
        columns = generator.reply(texts, generator.decoding, numbers)
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    except Exception as error:
        if len(texts) == 1:
            return [error]
        middle = len(texts) // 2
        parts = slice(middle), slice(middle, None)
        return [answer for part in parts for answer in _answer(generator, texts[part], numbers[part])]
