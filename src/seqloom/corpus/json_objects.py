"""Read JSON objects, one per line or from one array per file, and look up the texts at their keys."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from seqloom.corpus.file_io import read_lines, undecodable, without_end
from seqloom.corpus.pairs import MALFORMED, NO_KEY, NOT_TEXT, RowError, Unreadable
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError

_SAMPLE = 20  # lines
_NO_SPACE = re.compile(r"[^ \t\n\r]")
_DECODER = json.JSONDecoder()
Span = tuple[int, int, object]
"""Start and end of a JSON value in a text, and the value."""


def has_document(file: SourceFile, keys: Sequence[str]) -> bool:
    """Return, by its first lines, whether a file is one JSON document and not an object per line.

    A single line is one if it is an array, or an object that has a list of objects and none of the `keys` of a row.
    A first line that is no JSON begins one if none of the next lines is an object by itself.
    """
    sample = [*islice((text for _, text, _ in read_lines(file) if not text.isspace()), _SAMPLE), ""]
    opened = sample[0].strip()[:2]
    if opened[:1] not in ("[", "{"):
        return False
    alone = _parsed(sample[0])
    if alone is None:
        return opened == "[" or not any(isinstance(_parsed(line), dict) for line in sample[1:])
    if sample[1]:
        return False
    heads = {head for key in keys for head in (key, key.partition(".")[0])}
    return isinstance(alone, list) or (isinstance(alone, dict) and not heads & alone.keys() and bool(_arrays(alone)))


def objects_in(file: SourceFile) -> Iterator[tuple[int, str, str, object]]:
    """Yield first line, text, decoding problem (or "") and value of each element of the array.

    Raises:
        UserError: the file is malformed, or holds several arrays.
    """
    lines = list(read_lines(file))
    wrong = {number: problem for number, _, problem in lines if problem}
    text = "".join(line for _, line, _ in lines)
    del lines
    values = _values(text, file.location)
    line, counted = 1, 0
    for position, end, value in values:
        line += text.count("\n", counted, position)
        counted = position
        last = line + text.count("\n", position, end)
        problem = next((wrong[number] for number in range(line, last + 1) if number in wrong), "") if wrong else ""
        yield line, text[position:end], problem, value


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _arrays(value: dict[str, object]) -> list[str]:
    """Return the keys of an object whose values are lists of objects."""
    return [
        key
        for key, inner in value.items()
        if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner)
    ]


def _values(text: str, location: str) -> Iterator[Span]:
    """Yield the elements of the array, or concatenated values."""
    try:
        start = _skip(text, 0)
        if text[start : start + 1] == "[":
            yield from _elements(text, start)
            return
        value, end = _DECODER.raw_decode(text, start)
        if _skip(text, end) < len(text) or not isinstance(value, dict) or not (arrays := _arrays(value)):
            while start < len(text):
                value, end = _DECODER.raw_decode(text, start)
                yield start, end, value
                start = _skip(text, end)
            return
        yield from _elements(text, _value_position(text, start, _chosen(arrays, location)))
    except json.JSONDecodeError as error:
        raise UserError(f"{location} line {error.lineno}: not valid JSON ({error.msg}); correct the file") from None
    except UserError:
        raise
    except (ValueError, RecursionError):
        raise UserError(
            f"{location} line 1: numbers too long or brackets too deep; write one object per line, each with two texts"
        ) from None


def _chosen(arrays: list[str], location: str) -> str:
    if len(arrays) > 1 and "data" not in arrays:
        found = ", ".join(name[:40] for name in arrays[:10])
        raise UserError(
            f"{location}: holds several arrays of rows ({found}); write each into a file of its own, such as by "
            f"jq -c '.{arrays[0][:40]}[]'"
        )
    return "data" if "data" in arrays else arrays[0]


def _value_position(text: str, position: int, key: str) -> int:
    """Return where the value of a key begins, in the object that begins at `position`."""
    while True:
        name, position = _DECODER.raw_decode(text, _skip(text, position + 1))  # after { or a comma
        position = _skip(text, _skip(text, position) + 1)  # after the colon
        if name == key:
            return position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)


def _elements(text: str, position: int) -> Iterator[Span]:
    """Yield the elements of the array that begins at `position`."""
    position = _skip(text, position + 1)
    while text[position : position + 1] != "]":
        value, end = _DECODER.raw_decode(text, position)
        yield position, end, value
        position = _skip(text, end)
        if text[position : position + 1] not in (",", "]"):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
        if text[position] == ",":
            position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    """Return the position of the next character that is no white space."""
    found = _NO_SPACE.search(text, position)
    return found.start() if found else len(text)


_NO_OBJECT = "not a JSON object; write one object per line, such as {'source': …}"
_TYPES = {"list": "a list", "dict": "an object"}


class JsonRow(NamedTuple):
    """An object and its first line, from 1."""

    line: int
    value: dict[str, object]


def json_rows(file: SourceFile, keys: Sequence[str]) -> Iterator[JsonRow | Unreadable]:
    """Yield the object on each line, or each element of the array in the file; blank lines are skipped.

    `keys` are the columns to be read. Lines are streamed; an array is in memory as a whole.

    Raises:
        UserError: the file is a malformed array, or holds several arrays.
    """
    if has_document(file, keys):
        for number, text, problem, value in objects_in(file):
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
