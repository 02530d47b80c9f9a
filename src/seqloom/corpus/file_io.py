"""A file to its bytes or lines, with a word for each line that cannot be read."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from seqloom.corpus.charset import UTF, encoding_of
from seqloom.corpus.compression import HEAD, head_of, unpacked
from seqloom.corpus.pairs import UNDECODABLE, Unreadable
from seqloom.corpus.sources import SourceFile

Line = tuple[int, str, str]
"""Its number, from 1, its text with its end, and what is wrong with its bytes; a plain tuple, as there are millions."""


def open_bytes(file: SourceFile) -> AbstractContextManager[BinaryIO]:
    """Open `file`, looking through what packed it."""
    return unpacked(file.path, file.place)


def read_lines(file: SourceFile) -> Iterator[Line]:
    """Yield each line, without a byte order mark; the file knows its encoding.

    Only a line feed ends a line: U+2028, form feeds and the like are text, or aligned files would fall out of step. A
    file without any has its lines ended by carriage returns. Bytes that cannot be decoded become halves of surrogate
    pairs, or U+FFFD.

    Raises:
        UserError: the encoding is another than is told, or the file is damaged.
    """
    head = head_of(file.path, file.place)
    encoding = encoding_of(head, file.encoding, file.place, file.encoding_told_by)
    feed, carriage = ("\n".encode(encoding), "\r".encode(encoding))
    old_mac = feed not in head and carriage in head
    with open_bytes(file) as stream:
        plain = encoding not in UTF and not old_mac
        lines = stream if plain else _split(stream, carriage if old_mac else feed)
        for number, line in enumerate(lines, start=1):
            try:
                text, problem = line.decode(encoding), ""
            except UnicodeDecodeError as error:
                text, problem = _rescued(line, encoding), f"byte 0x{line[error.start]:02x} is not {encoding.upper()}"
            yield number, text.removeprefix("\ufeff") if number == 1 else text, problem


def readable_lines(file: SourceFile) -> Iterator[tuple[int, str] | Unreadable]:
    """Yield the number and the text of each line, with its end, or that it cannot be read."""
    for number, text, problem in read_lines(file):
        yield undecodable(file, number, text, problem) if problem else (number, text)


def undecodable(file: SourceFile, line: int, text: str, problem: str) -> Unreadable:
    """A row of such bytes."""
    remedy = (
        "save the file as UTF-8, or set corpus.encoding"
        if problem.endswith("UTF-8") and file.encoding_told_by == "corpus.encoding"
        else f"correct {file.encoding_told_by}, or the row"
    )
    return Unreadable(UNDECODABLE, f"{problem}; {remedy}", file.place, line, without_end(text))


def without_end(line: str) -> str:
    """The text of a line that ends with LF, CRLF, CR or the file."""
    return line.removesuffix("\n").removesuffix("\r")


def _split(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    """Lines that end with `end`, which begins at a whole number of its own length."""
    rest = b""
    while chunk := stream.read(HEAD):
        rest += chunk
        start = place = 0
        while (place := rest.find(end, place)) >= 0:
            if place % len(end):
                place += 1
                continue
            place += len(end)
            yield rest[start:place]
            start = place
        rest = rest[start:]
    if rest:
        yield rest


def _rescued(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding, "surrogateescape")
    except UnicodeDecodeError:  # not every codec can
        return line.decode(encoding, "replace")
