"""Stream the rows of a file that is one JSON document: an array, an object with an array, or objects end to end.

One row is in memory at a time. An object with an array is read twice: which of its keys are arrays shows at its end.
"""

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from seqloom.corpus.charset import detect_encoding
from seqloom.corpus.compression import HEAD
from seqloom.corpus.file_io import head_of, open_bytes
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError

_LINES = 20  # looked at to tell a document from an object a line
_LONGEST = 1 << 26  # characters of a row
_NEAR = 16  # characters before the end of a text within which a mistake may come from its being cut off
_SPACE = re.compile(r"[ \t\n\r]*")
_BAD = re.compile("[\udc00-\udcff]")
_MARK = "seqloom.json"
_DECODER = json.JSONDecoder()


def _marked(error: UnicodeError) -> tuple[str, int]:
    """Replace a byte that cannot be decoded by a lone surrogate, which no text has."""
    assert isinstance(error, UnicodeDecodeError)
    return chr(0xDC00 + error.object[error.start]), error.start + 1


codecs.register_error(_MARK, _marked)


class Element(NamedTuple):
    """A value of the document, with its text."""

    line: int  # the first, from 1
    text: str
    problem: str  # of its bytes
    value: object


def has_document(file: SourceFile, keys: Sequence[str]) -> bool:
    """Return, by its beginning, whether a file is one JSON document and not an object a line.

    A single line is one if it is an array, or an object that has a list of objects and none of the `keys` of a row.
    A first line that is no JSON begins one if none of the next lines is an object by itself.
    """
    head = head_of(file)
    encoding = detect_encoding(head, file.encoding, file.location, file.encoding_source)
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = lines if len(head) < HEAD else lines[:-1]  # the last one may be cut off
    sample = [*[line for line in whole if not line.isspace() and line][:_LINES], ""]
    opened = text.lstrip(" \t\r\n")[:1]
    if opened not in ("[", "{"):
        return False
    if not sample[0]:  # a first line that is longer than what was looked at
        return opened == "[" or _is_wrapper(file, keys)
    if (alone := _parsed(sample[0])) is None:
        return opened == "[" or not any(isinstance(_parsed(line), dict) for line in sample[1:])
    if sample[1] or whole != lines:
        return False
    return isinstance(alone, list) or _is_wrapper(file, keys)


def document_elements(file: SourceFile) -> Iterator[Element]:
    """Yield the elements of the array, or the values that stand one behind the other.

    Raises:
        UserError: the file is malformed, holds several arrays, or a row is longer than memory should be.
    """
    with open_bytes(file) as stream:
        text = _Text(stream, file)
        if text.peek() == "[":
            yield from text.elements()
            return
    found = _scanned(file)
    with open_bytes(file) as stream:
        text = _Text(stream, file)
        if not found.arrays or not found.alone:
            while text.peek():
                yield text.value()
            return
        chosen = _chosen(list(found.arrays), file.location)
        for key in text.members():
            if key == chosen:
                yield from text.elements()
                return
            text.pass_over()


@dataclass
class _Scanned:
    """The keys and values of an object."""

    keys: set[str] = field(default_factory=set)
    arrays: dict[str, None] = field(default_factory=dict)  # the keys whose values are lists of objects, in order
    alone: bool = False  # nothing stands behind it


def _is_wrapper(file: SourceFile, keys: Sequence[str]) -> bool:
    """Return whether a file is an object around an array of rows."""
    heads = {head for key in keys for head in (key, key.partition(".")[0])}
    try:
        found = _scanned(file)
    except UserError:  # reported where the rows are read
        return False
    return found.alone and not heads & found.keys and bool(found.arrays)


def _scanned(file: SourceFile) -> _Scanned:
    """Read the first value of a file to its end."""
    found = _Scanned()
    with open_bytes(file) as stream:
        text = _Text(stream, file)
        if text.peek() != "{":
            text.value()
        else:
            for key in text.members():
                found.keys.add(key)
                if text.pass_over():
                    found.arrays[key] = None
        found.alone = not text.peek()
    return found


def _chosen(arrays: list[str], location: str) -> str:
    if len(arrays) > 1 and "data" not in arrays:
        found = ", ".join(name[:40] for name in arrays[:10])
        raise UserError(
            f"{location}: holds several arrays of rows ({found}); write each into a file of its own, such as by "
            f"jq -c '.{arrays[0][:40]}[]'"
        )
    return "data" if "data" in arrays else arrays[0]


class _Text:
    """A JSON text that is read piece by piece, and the place in it."""

    def __init__(self, stream: BinaryIO, file: SourceFile) -> None:
        self._stream, self._location = stream, file.location
        head = head_of(file)
        self._encoding = detect_encoding(head, file.encoding, file.location, file.encoding_source)
        feed, carriage = ("\n".encode(self._encoding), "\r".encode(self._encoding))
        self._end = "\r" if feed not in head and carriage in head else "\n"
        self._decode = codecs.getincrementaldecoder(self._encoding)(_MARK).decode
        self._text, self._at, self._line, self._counted, self._ended = "", 0, 1, 0, False
        self._more()
        self._text = self._text.removeprefix("\ufeff")

    def peek(self) -> str:
        """Return the next character that is no space; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found
            self._at = found.end()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def value(self) -> Element:
        """Return the next value."""
        self.peek()
        value, end = self._decoded()
        written, line = self._text[self._at : end], self._line_at(self._at)
        self._at = end
        bad = _BAD.search(written)
        problem = f"byte 0x{ord(bad[0]) - 0xDC00:02x} is not {self._encoding.upper()}" if bad else ""
        return Element(line, written, problem, value)

    def elements(self) -> Iterator[Element]:
        """Yield the elements of the array that begins here."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.peek() == "]":
                self._at += 1
                return
            self._take(",")

    def members(self) -> Iterator[str]:
        """Yield each key of the object that begins here; its value is read before the next one."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            key = self.value().value
            if not isinstance(key, str):
                raise self._mistake("Expecting property name enclosed in double quotes", self._at)
            self._take(":")
            yield key
            if self.peek() == "}":
                self._at += 1
                return
            self._take(",")

    def pass_over(self) -> bool:
        """Pass over a value, and return whether it is a list of objects and of nothing else."""
        if self.peek() != "[":
            self.value()
            return False
        kinds = {isinstance(element.value, dict) for element in self.elements()}
        return kinds == {True}

    def _take(self, sign: str) -> None:
        if self.peek() != sign:
            raise self._mistake(f"Expecting {sign!r}", self._at)
        self._at += 1

    def _decoded(self) -> tuple[object, int]:
        """Decode the value that begins here, reading on while it may be cut off."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or not self._more():
                    return value, end
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR
                if not cut or not self._more():
                    raise self._mistake(error.msg, error.pos) from None
            except (ValueError, RecursionError):
                line = self._line_at(self._at)
                raise UserError(
                    f"{self._location} line {line}: numbers too long or brackets too deep; write one object per line, "
                    "each with two texts"
                ) from None

    def _more(self) -> bool:
        """Read on, at least as much as is in memory; return whether there was anything."""
        if self._ended:
            return False
        if len(self._text) - self._at > _LONGEST:
            line = self._line_at(self._at)
            raise UserError(
                f"{self._location} line {line}: over {_LONGEST >> 20} million characters of one value, or a quotation "
                "mark or bracket that is never closed; correct it"
            )
        self._line_at(self._at)
        rest = self._text[self._at :]
        chunk = self._stream.read(max(HEAD, len(rest)))
        self._ended = not chunk
        self._text, self._at, self._counted = rest + self._decode(chunk, self._ended), 0, 0
        return not self._ended or len(self._text) > len(rest)

    def _line_at(self, position: int) -> int:
        """Return the line of a place, and count from there on."""
        self._line += self._text.count(self._end, self._counted, position)
        self._counted = position
        return self._line

    def _mistake(self, problem: str, position: int) -> UserError:
        line = self._line_at(self._at) + self._text.count(self._end, self._at, position)
        return UserError(f"{self._location} line {line}: not valid JSON ({problem}); correct the file")


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
