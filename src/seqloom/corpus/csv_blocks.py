"""Blocks of lines of a CSV file: it is divided at line ends that are proven to be outside quotation marks.

The number of quotation marks before such a place is even, if each mark of the file opens a field at its beginning,
closes one at its end, or is one of two in a row. All are checked for that; a file with another is not divided.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.csv_dialect import FIELD_LIMIT
from seqloom.corpus.sources import RowBlock

_CHUNK = 1 << 20  # bytes
_LONG = FIELD_LIMIT >> 1  # bytes from the end of a row to that of a chunk: a field may be longer than is allowed
_MARK, _FEED, _RETURN = b'"\n\r'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def csv_blocks(path: Path, delimiter: str, lines: int) -> list[RowBlock]:
    """Return blocks of `lines` lines, or of more to the end of a row; none if that cannot be proven.

    The text is UTF-8, with an ASCII delimiter, and marks inside of quotes are doubled.
    """
    with path.open("rb") as file:
        start = len(_BYTE_ORDER_MARK) if file.read(3) == _BYTE_ORDER_MARK else 0
        scan = _Scan(ord(delimiter), lines, file.seek(start))
        last, chunk = b"\n", file.read(_CHUNK)
        while chunk:
            following = file.read(_CHUNK)
            if not scan.add(last, chunk, following[:1] or b"\n"):
                return []
            last, chunk = chunk[-1:], following
    return scan.blocks(last == b"\n")


class _Scan:
    """Scan of a file, chunk by chunk."""

    def __init__(self, delimiter: int, lines: int, position: int) -> None:
        self._delimiter, self._every, self._position = delimiter, lines, position
        self._lines = self._marks = 0
        self._row = position  # where the last row begins
        self._begins, self._firsts = [0], [1]  # of each block, in bytes, and the number of its first line

    def add(self, before: bytes, chunk: bytes, after: bytes) -> bool:
        """Take the next bytes, between a byte before and one after them; return whether they are as they should be."""
        codes = np.frombuffer(before + chunk + after, np.uint8)
        marks, feeds = (np.flatnonzero(codes[1:-1] == code) for code in (_MARK, _FEED))
        returns = np.flatnonzero(codes[1:-1] == _RETURN)
        ends = np.flatnonzero((np.searchsorted(marks, feeds) + self._marks) % 2 == 0)  # lines that end a row
        if not self._are_plain(codes, marks) or (codes[returns + 2] != _FEED).any():  # the reader ends a row at each
            return False
        self._divide(feeds, ends)
        if len(ends):
            self._row = self._position + int(feeds[ends[-1]]) + 1
        self._position, self._lines = self._position + len(chunk), self._lines + len(feeds)
        self._marks += len(marks)
        return self._position - self._row < _LONG

    def _are_plain(self, codes: NDArray[np.uint8], marks: NDArray[np.intp]) -> bool:
        """Return whether every mark opens or closes a field, or is one of two."""
        opens = (np.arange(len(marks)) + self._marks) % 2 == 0
        before, after = codes[marks[opens]], codes[marks[~opens] + 2]
        begins = np.isin(before, [self._delimiter, _FEED, _MARK])
        ends = np.isin(after, [self._delimiter, _FEED, _RETURN, _MARK])
        return bool(begins.all() and ends.all())

    def _divide(self, feeds: NDArray[np.intp], ends: NDArray[np.intp]) -> None:
        """Begin a block after the first line that ends a row, when the block before it has its lines."""
        while True:
            at = np.searchsorted(ends, self._firsts[-1] + self._every - 2 - self._lines)
            if at == len(ends):
                return
            self._begins.append(self._position + int(feeds[ends[at]]) + 1)
            self._firsts.append(self._lines + int(ends[at]) + 2)

    def blocks(self, is_ended: bool) -> list[RowBlock]:
        """Return the blocks; `is_ended` says that a line end is at the end of the file."""
        if self._marks % 2:
            return []
        if self._begins[-1] != self._position:
            self._begins.append(self._position)
            self._firsts.append(self._lines + (1 if is_ended else 2))
        pairs = zip(self._begins, self._begins[1:], self._firsts, self._firsts[1:], strict=False)
        return [RowBlock(begin, end, first, following - first) for begin, end, first, following in pairs]
