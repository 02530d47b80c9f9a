"""A JSON file that is one array of objects, or an object that holds one, in place of an object on each line."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from seqloom.corpus.opening import read_lines
from seqloom.corpus.sources import SourceFile
from seqloom.mistake import UserMistake

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
        UserMistake: the file is malformed, or it is not told which of several arrays is meant.
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
        raise UserMistake(f"{place} line {error.lineno}: not valid JSON ({error.msg}); correct the file") from None
    except UserMistake:
        raise
    except (ValueError, RecursionError):
        raise UserMistake(
            f"{place} line 1: numbers too long or brackets too deep; write one object per line, each with two texts"
        ) from None


def _chosen(arrays: list[str], place: str) -> str:
    if len(arrays) > 1 and "data" not in arrays:
        found = ", ".join(name[:40] for name in arrays[:10])
        raise UserMistake(
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
