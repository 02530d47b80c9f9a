"""Lines of a file or of stdin: exactly as many as come in."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO

from seqloom.errors import UserError


def read_lines(stream: BinaryIO, name: str) -> Iterator[str]:
    r"""Each line without its end; only \n ends one.

    Raises:
        UserError: a byte is not UTF-8.
    """
    for number, line in enumerate(stream, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{name} line {number}: byte 0x{error.object[error.start]:02x} is not UTF-8; convert the text to UTF-8"
            ) from None


def in_chunks(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of `size` lines, the last one shorter."""
    iterator = iter(lines)
    while chunk := list(islice(iterator, size)):
        yield chunk
