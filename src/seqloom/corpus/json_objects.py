"""A JSON file that is one array of objects, or an object that holds one, in place of an object on each line.

JSON objects, one a line or in one array, and the texts at their keys.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from seqloom.corpus.file_io import read_lines, undecodable, without_end
from seqloom.corpus.pairs import MALFORMED, NO_KEY, NOT_TEXT, Unreadable, Unusable
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError

_SAMPLE = 20  # lines
_NO_SPACE = re.compile(r"[^ \t\n\r]")
_DECODER = json.JSONDecoder()
Span = tuple[int, int, object]
"""Where a value begins and ends in a text, and the value."""


def has_document(file: SourceFile, keys: Sequence[str]) -> bool:
    """Whether a file is to be read as a whole: its first lines tell.

    An array that stands on the only line is one, and so is an object there that has none of the `keys` of a row but a
    list of objects. What is no JSON on its own line opens one where no line near it is an object by itself.
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
    """Yield the line that each value of the array begins on, its text, what is wrong with its bytes, and the value.

    Raises:
        UserError: the file is malformed, or it is not told which of several arrays is meant.
    """
    lines = list(read_lines(file))
    wrong = {number: problem for number, _, problem in lines if problem}
    text = "".join(line for _, line, _ in lines)
    del lines
    values = _values(text, file.place)
    line, counted = 1, 0
    for place, end, value in values:
        line += text.count("\n", counted, place)
        counted = place
        last = line + text.count("\n", place, end)
        problem = next((wrong[number] for number in range(line, last + 1) if number in wrong), "") if wrong else ""
        yield line, text[place:end], problem, value


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _arrays(value: dict[str, object]) -> list[str]:
    """The keys of an object that hold rows."""
    return [
        key
        for key, inner in value.items()
        if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner)
    ]


def _values(text: str, place: str) -> Iterator[Span]:
    """The values of the array, or those that stand one behind the other."""
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
        yield from _elements(text, _place_of(text, start, _chosen(arrays, place)))
    except json.JSONDecodeError as error:
        raise UserError(f"{place} line {error.lineno}: not valid JSON ({error.msg}); correct the file") from None
    except UserError:
        raise
    except (ValueError, RecursionError):
        raise UserError(
            f"{place} line 1: numbers too long or brackets too deep; write one object per line, each with two texts"
        ) from None


def _chosen(arrays: list[str], place: str) -> str:
    if len(arrays) > 1 and "data" not in arrays:
        found = ", ".join(name[:40] for name in arrays[:10])
        raise UserError(
            f"{place}: holds several arrays of rows ({found}); write each into a file of its own, such as by "
            f"jq -c '.{arrays[0][:40]}[]'"
        )
    return "data" if "data" in arrays else arrays[0]


def _place_of(text: str, place: int, key: str) -> int:
    """Where the value of a key begins, in the object that begins at `place`."""
    while True:
        name, place = _DECODER.raw_decode(text, _skip(text, place + 1))  # behind { or a comma
        place = _skip(text, _skip(text, place) + 1)  # behind the colon
        if name == key:
            return place
        _, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)


def _elements(text: str, place: int) -> Iterator[Span]:
    """The elements of the array that begins at `place`, and nothing but brackets behind it."""
    place = _skip(text, place + 1)
    while text[place : place + 1] != "]":
        value, end = _DECODER.raw_decode(text, place)
        yield place, end, value
        place = _skip(text, end)
        if text[place : place + 1] not in (",", "]"):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
        if text[place] == ",":
            place = _skip(text, place + 1)


def _skip(text: str, place: int) -> int:
    """The next place that holds no space."""
    found = _NO_SPACE.search(text, place)
    return found.start() if found else len(text)


_NO_OBJECT = "not a JSON object; write one object per line, such as {'source': …}"
_TYPES = {"list": "a list", "dict": "an object"}


class JsonRow(NamedTuple):
    """An object and the line that it begins on, from 1."""

    line: int
    value: dict[str, object]


def json_rows(file: SourceFile, keys: Sequence[str]) -> Iterator[JsonRow | Unreadable]:
    """Yield the object on each line, or each of the array that the file is; blank lines are no rows.

    The columns that are asked for are among the `keys` of a row.

    Lines go by one at a time; an array is in memory as a whole.

    Raises:
        UserError: the file is an array that is malformed, or holds several.
    """
    if has_document(file, keys):
        for number, text, problem, value in objects_in(file):
            if problem:
                yield undecodable(file, number, text, problem)
            elif isinstance(value, dict):
                yield JsonRow(number, value)
            else:
                yield Unreadable(MALFORMED, _NO_OBJECT, file.place, number, text)
        return
    for number, line, problem in read_lines(file):
        if problem:
            yield undecodable(file, number, line, problem)
        elif not line.isspace():
            try:
                yield JsonRow(number, json_object(line))
            except Unusable as mistake:
                yield Unreadable(mistake.reason, mistake.problem, file.place, number, without_end(line))


def json_object(line: str) -> dict[str, object]:
    """The object on a line.

    Raises:
        Unusable: there is none, or it cannot be read.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise Unusable(
            MALFORMED, f"not valid JSON ({error.msg} at character {error.pos + 1}); write one object per line"
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets thousands deep
        raise Unusable(MALFORMED, "numbers too long or brackets too deep; write one object with two texts") from None
    if not isinstance(row, dict):
        raise Unusable(MALFORMED, _NO_OBJECT)
    return row


def text_at(row: dict[str, object], key: str, field: str) -> str:
    """The text at a key; null is empty.

    Raises:
        Unusable: there is no such key, or something at it that is no text, number or truth value.
    """
    value = value_at(row, key, field)
    if isinstance(value, str):
        return value
    text = as_text(value)
    if text is None:
        kind = _TYPES.get(type(value).__name__, type(value).__name__)
        inner = next(iter(value)) if isinstance(value, dict) and value else 0 if isinstance(value, list) else ""
        remedy = f"a text in it is named by a dot, such as {key}.{inner}" if inner != "" else "write it as a text"
        raise Unusable(NOT_TEXT, f"the value of {key!r} is {kind}, not text; {remedy}")
    return text


def as_text(value: object) -> str | None:
    """A text, or a number or truth value as JSON spells it; null and NaN are empty. None of anything else."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def value_at(row: dict[str, object], key: str, field: str) -> object:
    """What is at a key: a dot leads into an object, or with a number into a list, but for a key that holds the dot.

    Raises:
        Unusable: there is no such key.
    """
    if key in row:
        return row[key]
    found = _reached(row, key)
    if not found:
        names = ", ".join(name[:40] for name in list(row)[:20]) or "none"
        nested = next((f"{name}.{key}" for name, inner in row.items() if isinstance(inner, dict) and key in inner), "")
        remedy = f"; it may be {nested[:80]}" if nested else ""
        raise Unusable(NO_KEY, f"no key {key!r} (its keys: {names}){remedy}; correct corpus.{field} or the line")
    return found[0]


def found_at(row: dict[str, object], key: str) -> object:
    """What is at a key, as `value_at` finds it, or None."""
    return next(iter(_reached(row, key)), None)


def _reached(value: object, key: str) -> list[object]:
    """What is at a key, in a list; an empty one if nothing is."""
    if isinstance(value, list):
        head, _, rest = key.partition(".")
        if not (head.isascii() and head.isdigit() and int(head[:9]) < len(value)):
            return []
        return _reached(value[int(head[:9])], rest) if rest else [value[int(head[:9])]]
    if not isinstance(value, dict):
        return []
    if key in value:
        return [value[key]]
    dots = [place for place, letter in enumerate(key) if letter == "."]
    for place in reversed(dots):  # the longest key that is there
        if key[:place] in value and (found := _reached(value[key[:place]], key[place + 1 :])):
            return found
    return []
