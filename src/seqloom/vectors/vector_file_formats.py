"""Read files of word vectors: word2vec text and binary, GloVe, and fastText .vec.

A row of text is a token and its numbers, with spaces or tabs between them; a token may contain spaces, as in the
largest GloVe, so the numbers are the last fields. A first line may state rows (not always correctly) and width. D
numbers a row.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FORMATS = "give word2vec text or binary, GloVe, or fastText .vec"
_HEADS = {
    b"\xba\x16\x4f\x2f": "is a whole fastText model: give the .vec file that was written beside it",
    b"PK\x03\x04": "is a zip archive: unpack it and give the file inside",
    b"BZh": "is packed with bzip2: unpack it, or pack it with gzip",
    b"\xfd7zXZ": "is packed with xz: unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it, or pack it with gzip",
    b"\x80\x02": "is a pickle of Python: write it with gensim's save_word2vec_format",
    b"\x80\x03": "is a pickle of Python: write it with gensim's save_word2vec_format",
    b"\x80\x04": "is a pickle of Python: write it with gensim's save_word2vec_format",
    b"\x80\x05": "is a pickle of Python: write it with gensim's save_word2vec_format",
    b"\x93NUMPY": f"is an array of NumPy, without tokens: {FORMATS}",
    b"\xff\xfe": "is UTF-16: convert it to UTF-8",
    b"\xfe\xff": "is UTF-16: convert it to UTF-8",
}
"""First bytes of files that are often given in place of vectors, and the remedy."""
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # frequent in binary numbers, and absent from text
_LONGEST_LINE = 1 << 20  # bytes; 8192 numbers take some hundred thousand
_LONGEST_TOKEN = 1 << 16  # bytes, in binary
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"


class MalformedVectors(Exception):
    """A file that violates its format; the message continues after the file name."""


@dataclass(frozen=True)
class Head:
    """Format of a file, from its first lines."""

    width: int  # numbers per token
    promised: int | None  # rows that the first line states; GloVe has no such line
    binary: bool


def read_head(path: Path) -> Head:
    """Read the format from the first lines.

    Raises:
        MalformedVectors: the lines hold no vectors.
    """
    with _open(path) as file:
        sample = file.read(_CHUNK)
    for head, what in _HEADS.items():
        if sample.startswith(head):
            raise MalformedVectors(what)
    lines = sample.removeprefix(BYTE_ORDER_MARK).split(b"\n")
    if not lines[0].strip():
        raise MalformedVectors(f"is empty, or its first line is: {FORMATS}")
    whole = lines if len(sample) < _CHUNK else lines[:-1]
    fields = lines[0].split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        return _promising(int(fields[0]), int(fields[1]), whole[1:], b"\n".join(lines[1:])[:4096], path)
    if not _numbers_in(lines[0]):
        raise MalformedVectors(f"has neither sizes nor a token with its numbers on line 1: {FORMATS}")
    widths = _widths(whole)
    return Head(min(widths, key=lambda width: (-widths[width], width)), promised=None, binary=False)


def read_rows(path: Path, head: Head) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number (of the line, for text), token and `(D,)` float32 numbers of each row; blank lines are skipped.

    Raises:
        MalformedVectors: a row is malformed.
        EOFError: the last row is cut short.
    """
    with _open(path) as file:
        if head.promised is not None:
            file.readline(_LONGEST_LINE)
        yield from _binary_rows(file, head) if head.binary else _text_rows(file, head)


def _promising(rows: int, width: int, lines: list[bytes], sample: bytes, path: Path) -> Head:
    widths = _widths(lines)
    if width in widths or not sample.strip():
        return Head(width, rows, binary=False)
    if ".bin" in path.suffixes or _CONTROL.search(sample):
        return Head(width, rows, binary=True)
    if widths.total() > 1 and len(widths) == 1:
        found = next(iter(widths))
        raise MalformedVectors(
            f"says on line 1 that its vectors are {width} wide, and they are {found}: correct that line"
        )
    return Head(width, rows, binary=False)  # the malformed row will be reported


def _widths(lines: list[bytes]) -> Counter[int]:
    """Count rows by width; a token that ends in a number makes its row look wider."""
    return Counter(numbers for line in lines if (numbers := _numbers_in(line)))


def _numbers_in(line: bytes) -> int:
    """Count the numbers at the end of a line, after at least one field for the token."""
    numbers = 0
    for field in reversed(line.split()[not line[:1].isspace() :]):
        if not _is_number(field):
            break
        numbers += 1
    return numbers


def _text_rows(file: IO[bytes], head: Head) -> Iterator[tuple[int, bytes, bytes]]:
    first = 1 if head.promised is None else 2
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), start=first):
        if len(line) == _LONGEST_LINE:
            raise MalformedVectors(f"has a line {number} of over {_LONGEST_LINE:,} bytes: {FORMATS}")
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        fields = line.rsplit(None, head.width)
        if not fields:
            continue
        if len(fields) == head.width and line[:1].isspace():  # the token is empty, or was white space
            fields.insert(0, b"")
        if len(fields) <= head.width:
            raise MalformedVectors(
                f"has {len(fields) - 1} numbers on line {number}, not {head.width}: mend or remove that line"
            )
        try:
            numbers = np.array(list(map(float, fields[1:])), "<f4")
        except ValueError:
            wrong = next(field for field in fields[1:] if not _is_number(field)).decode("utf-8", "replace")
            raise MalformedVectors(
                f"has {wrong!r:.40} for one of {head.width} numbers on line {number}: mend or remove that line"
            ) from None
        yield number, fields[0].strip(), numbers.tobytes()


def _binary_rows(file: IO[bytes], head: Head) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield rows of token, space and numbers; word2vec.c writes a line feed after them, and gensim does not."""
    size, number = 4 * head.width, 0
    held, start = b"", 0
    while True:
        space = held.find(b" ", start)
        if space < 0 or len(held) < space + 1 + size:
            if space - start > _LONGEST_TOKEN or (space < 0 and len(held) - start > _LONGEST_TOKEN):
                raise MalformedVectors(f"has a token of over {_LONGEST_TOKEN:,} bytes behind row {number}: {FORMATS}")
            more = file.read(max(_CHUNK, size))
            if more:
                held, start = held[start:] + more, 0
                continue
            if held[start:].strip(b"\r\n \0") and number < (head.promised or 0):
                raise EOFError
            return
        number += 1
        end = space + 1 + size
        yield number, held[start:space].lstrip(b"\n"), held[space + 1 : end]
        start = end


def _open(path: Path) -> IO[bytes]:
    """Open the file, decompressing gzip whatever its name."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP or path.suffix == ".gz"
    return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
