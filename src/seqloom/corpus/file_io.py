"""Read a file as bytes or decoded lines; undecodable lines are reported, not skipped."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import count, islice, repeat
from typing import BinaryIO

from seqloom.corpus.charset import UTF, detect_encoding
from seqloom.corpus.compression import HEAD, first_bytes, open_decompressed
from seqloom.corpus.pairs import UNDECODABLE, Unreadable
from seqloom.corpus.sources import SourceFile

Line = tuple[int, str, str]
"""Number from 1, text with its line end, and decoding problem or ""; a plain tuple, as there are millions."""


_BATCH = 256  # lines decoded at once


def open_bytes(file: SourceFile) -> AbstractContextManager[BinaryIO]:
    """Open `file`, decompressed."""
    return open_decompressed(file.path, file.location, file.member)


def head_of(file: SourceFile) -> bytes:
    """Return the first bytes of `file`, decompressed."""
    return first_bytes(file.path, file.location, file.member)


def read_lines(file: SourceFile) -> Iterator[Line]:
    """Yield each line, decoded and without a byte order mark.

    Only a line feed ends a line: U+2028, form feeds and the like are text, or aligned files would shift. A file
    without any has its lines ended by carriage returns. Undecodable bytes become lone surrogates, or U+FFFD.

    Raises:
        UserError: the encoding is another than the recipe says, or the file is damaged.
    """
    head = head_of(file)
    encoding = detect_encoding(head, file.encoding, file.location, file.encoding_source)
    feed, carriage = ("\n".encode(encoding), "\r".encode(encoding))
    old_mac = feed not in head and carriage in head
    with open_bytes(file) as stream:
        plain = encoding not in UTF and not old_mac
        lines = stream if plain else _split(stream, carriage if old_mac else feed)
        first = 1
        if file.block:
            stream.seek(file.block.begin)
            lines, first = islice(stream, file.block.count), file.block.first
        while batch := list(islice(lines, _BATCH)):
            texts, problems = _decoded(batch, encoding)
            if first == 1:
                texts[0] = texts[0].removeprefix("\ufeff")
            yield from zip(count(first), texts, problems, strict=False)
            first += len(batch)


def readable_lines(file: SourceFile) -> Iterator[tuple[int, str] | Unreadable]:
    """Yield number and text (with its end) of each line, or `Unreadable`."""
    for number, text, problem in read_lines(file):
        yield undecodable(file, number, text, problem) if problem else (number, text)


def undecodable(file: SourceFile, line: int, text: str, problem: str) -> Unreadable:
    """Return the `Unreadable` of a line with undecodable bytes."""
    remedy = (
        "save the file as UTF-8, or set corpus.encoding"
        if problem.endswith("UTF-8") and file.encoding_source == "corpus.encoding"
        else f"correct {file.encoding_source}, or the row"
    )
    return Unreadable(UNDECODABLE, f"{problem}; {remedy}", file.location, line, without_end(text))


def without_end(line: str) -> str:
    """Strip the line end: LF, CRLF or CR."""
    return line.removesuffix("\n").removesuffix("\r")


def _split(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    """Yield lines that end with the bytes `end`, aligned to its length (UTF-16, UTF-32)."""
    rest = b""
    while chunk := stream.read(HEAD):
        rest += chunk
        start = position = 0
        while (position := rest.find(end, position)) >= 0:
            if position % len(end):
                position += 1
                continue
            position += len(end)
            yield rest[start:position]
            start = position
        rest = rest[start:]
    if rest:
        yield rest


def _decoded(lines: Sequence[bytes], encoding: str) -> tuple[list[str], Iterable[str]]:
    """Return the text of each line, and what is wrong with its bytes or an empty text."""
    try:
        return [line.decode(encoding) for line in lines], repeat("")
    except UnicodeDecodeError:
        texts, problems = zip(*(_decoded_line(line, encoding) for line in lines), strict=True)
        return list(texts), problems


def _decoded_line(line: bytes, encoding: str) -> tuple[str, str]:
    try:
        return line.decode(encoding), ""
    except UnicodeDecodeError as error:
        return _rescued(line, encoding), f"byte 0x{line[error.start]:02x} is not {encoding.upper()}"


def _rescued(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding, "surrogateescape")
    except UnicodeDecodeError:  # not every codec can
        return line.decode(encoding, "replace")
