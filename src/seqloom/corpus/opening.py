"""A file to its bytes or lines, compressed or not, with a sentence for what cannot be read."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from seqloom.corpus.sources import SourceFile
from seqloom.mistake import UserMistake

_GZIP = b"\x1f\x8b"  # no UTF-8 text begins so, hence the name need not be asked


@contextmanager
def open_bytes(file: SourceFile) -> Iterator[BinaryIO]:
    """Open `file`, looking through gzip."""
    with file.path.open("rb") as plain:
        if plain.peek(2)[:2] != _GZIP:
            yield plain
            return
        try:
            # Lines are read several times faster through a buffer written in C.
            with io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=plain))) as unpacked:
                yield unpacked
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserMistake(
                f"{file.place}: damaged gzip data ({str(error).lower()}); compress or copy the file again"
            ) from None


def read_lines(file: SourceFile) -> Iterator[str]:
    """Yield each line of text with its end, without a byte order mark; the file knows its encoding.

    Only a line feed ends a line: U+2028, form feeds and the like are text, or aligned files would fall out of step.
    """
    with open_bytes(file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield line.decode("utf-8-sig" if number == 1 and file.encoding == "utf-8" else file.encoding)
            except UnicodeDecodeError as error:
                name = file.encoding.upper()
                remedy = "save the file as UTF-8, or set" if name == "UTF-8" else "correct"
                raise UserMistake(
                    f"{file.place} line {number}: byte 0x{line[error.start]:02x} is not {name}; {remedy} "
                    "corpus.encoding"
                ) from None


def without_end(line: str) -> str:
    """The text of a line that ends with LF, CRLF or the file."""
    return line.removesuffix("\n").removesuffix("\r")
