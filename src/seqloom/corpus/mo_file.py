"""Gettext's MO files to messages: what msgfmt makes of a PO file, for programs to load."""

import struct
from collections.abc import Iterator

from seqloom.corpus.charset import charset_of_header
from seqloom.corpus.opening import open_bytes
from seqloom.corpus.pairs import UNDECODABLE, Unreadable
from seqloom.corpus.sources import SourceFile
from seqloom.mistake import UserMistake

_ORDERS = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}
_HEADER = 20  # bytes: the mark, the revision, how many entries, and where the two tables are
Message = tuple[int, list[str], list[str]]
"""The number of an entry, its text (and the plural), and its translations."""


def read_messages(file: SourceFile) -> Iterator[Message | Unreadable]:
    """Yield the entries of an MO file in its order, without contexts; the first may be the header, of an empty text.

    https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html

    Raises:
        UserMistake: it is no MO file, or damaged.
    """
    with open_bytes(file) as stream:
        content = stream.read()
    try:
        entries = list(_entries(content))
    except (struct.error, ValueError) as error:
        raise UserMistake(
            f"{file.place}: not an MO file that can be read ({error}); compile it again with msgfmt, or give the PO"
        ) from None
    header = next((translation for text, translation in entries if not text), b"")
    encoding = charset_of_header(header, file.place) or file.encoding
    for number, (text, translation) in enumerate(entries):
        try:
            texts, translations = (part.decode(encoding).split("\0") for part in (text, translation))
        except UnicodeDecodeError as error:
            problem = (
                f"byte 0x{error.object[error.start]:02x} is not {encoding.upper()}; correct the charset in its header"
            )
            yield Unreadable(UNDECODABLE, problem, file.place, number, text.decode(encoding, "replace"))
        else:
            yield number, texts, translations


def _entries(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    order = _ORDERS.get(content[:4])
    if not order:
        raise ValueError("it does not begin as one")
    count, *tables = struct.unpack(f"{order}3I", content[8:_HEADER])
    if _HEADER + 8 * count > len(content):
        raise ValueError("it is cut off")
    for number in range(count):
        parts = []
        for table in tables:
            length, start = struct.unpack_from(f"{order}2I", content, table + 8 * number)
            if start + length > len(content):
                raise ValueError("it is cut off")
            parts.append(content[start : start + length])
        yield parts[0].rpartition(b"\x04")[2], parts[1]
