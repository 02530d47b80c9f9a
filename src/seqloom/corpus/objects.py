"""JSON objects, one a line or in one array, and the texts at their keys."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seqloom.corpus.documents import has_document, objects_in
from seqloom.corpus.opening import read_lines, undecodable, without_end
from seqloom.corpus.pairs import MALFORMED, NO_KEY, NOT_TEXT, Unreadable, Unusable
from seqloom.corpus.sources import SourceFile

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
        UserMistake: the file is an array that is malformed, or holds several.
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
