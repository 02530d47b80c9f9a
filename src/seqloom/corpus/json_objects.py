"""Read JSON objects, one per line or from one array per file, and look up the texts at their keys."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seqloom.corpus.file_io import read_lines, undecodable, without_end
from seqloom.corpus.json_documents import document_elements, has_document
from seqloom.corpus.pairs import MALFORMED, NO_KEY, NOT_TEXT, RowError, Unreadable
from seqloom.corpus.sources import SourceFile

_NO_OBJECT = "not a JSON object; write one object per line, such as {'source': …}"
_TYPES = {"list": "a list", "dict": "an object"}


class JsonRow(NamedTuple):
    """An object and its first line, from 1."""

    line: int
    value: dict[str, object]


def json_rows(file: SourceFile, keys: Sequence[str]) -> Iterator[JsonRow | Unreadable]:
    """Yield the object on each line, or each element of the array in the file; blank lines are skipped.

    `keys` are the columns to be read. Rows are streamed.

    Raises:
        UserError: the file is a malformed array, or holds several arrays.
    """
    if has_document(file, keys):
        for number, text, problem, value in document_elements(file):
            if problem:
                yield undecodable(file, number, text, problem)
            elif isinstance(value, dict):
                yield JsonRow(number, value)
            else:
                yield Unreadable(MALFORMED, _NO_OBJECT, file.location, number, text)
        return
    for number, line, problem in read_lines(file):
        if problem:
            yield undecodable(file, number, line, problem)
        elif not line.isspace():
            try:
                yield JsonRow(number, json_object(line))
            except RowError as mistake:
                yield Unreadable(mistake.reason, mistake.problem, file.location, number, without_end(line))


def json_object(line: str) -> dict[str, object]:
    """Parse the object on a line.

    Raises:
        RowError: the line is no object, or malformed.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise RowError(
            MALFORMED, f"not valid JSON ({error.msg} at character {error.pos + 1}); write one object per line"
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets thousands deep
        raise RowError(MALFORMED, "numbers too long or brackets too deep; write one object with two texts") from None
    if not isinstance(row, dict):
        raise RowError(MALFORMED, _NO_OBJECT)
    return row


def text_at(row: dict[str, object], key: str, field: str) -> str:
    """Return the text at a key; null is empty.

    Raises:
        RowError: the key is missing, or its value is no string, number or boolean.
    """
    value = value_at(row, key, field)
    if isinstance(value, str):
        return value
    text = as_text(value)
    if text is None:
        kind = _TYPES.get(type(value).__name__, type(value).__name__)
        inner = next(iter(value)) if isinstance(value, dict) and value else 0 if isinstance(value, list) else ""
        remedy = f"a text in it is named by a dot, such as {key}.{inner}" if inner != "" else "write it as a text"
        raise RowError(NOT_TEXT, f"the value of {key!r} is {kind}, not text; {remedy}")
    return text


def as_text(value: object) -> str | None:
    """Return a string, or a number or boolean as JSON spells it; "" for null and NaN, None for other types."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def value_at(row: dict[str, object], key: str, field: str) -> object:
    """Return the value at a key path: a dot leads into an object, or with a number into a list.

    A key that contains the dot itself comes first.

    Raises:
        RowError: there is no such key.
    """
    if key in row:
        return row[key]
    found = _reached(row, key)
    if not found:
        names = ", ".join(name[:40] for name in list(row)[:20]) or "none"
        nested = next((f"{name}.{key}" for name, inner in row.items() if isinstance(inner, dict) and key in inner), "")
        remedy = f"; it may be {nested[:80]}" if nested else ""
        raise RowError(NO_KEY, f"no key {key!r} (its keys: {names}){remedy}; correct corpus.{field} or the line")
    return found[0]


def found_at(row: dict[str, object], key: str) -> object:
    """Return the value at a key path as `value_at` does, or None."""
    return next(iter(_reached(row, key)), None)


def has_key(row: dict[str, object], key: str) -> bool:
    """Return whether there is a value, null too, at a key path."""
    return bool(_reached(row, key))


def _reached(value: object, key: str) -> list[object]:
    """Return the value at a key path in a list of one; an empty list if there is none."""
    if isinstance(value, list):
        head, _, rest = key.partition(".")
        if not (head.isascii() and head.isdigit() and int(head[:9]) < len(value)):
            return []
        return _reached(value[int(head[:9])], rest) if rest else [value[int(head[:9])]]
    if not isinstance(value, dict):
        return []
    if key in value:
        return [value[key]]
    dots = [position for position, letter in enumerate(key) if letter == "."]
    for position in reversed(dots):  # the longest key that is there
        if key[:position] in value and (found := _reached(value[key[:position]], key[position + 1 :])):
            return found
    return []
