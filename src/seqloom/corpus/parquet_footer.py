"""Row groups of Parquet files put one after the other, without reading them; PyArrow cannot append to a file.

The footer of a file, a Thrift structure in the compact protocol, says where each column chunk begins. Here its offsets
and numbers of rows are changed, and all else is copied, but for page indexes, which hold offsets of their own.

https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

import os
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO

_MAGIC = b"PAR1"
_TAIL = 8  # bytes: length of the footer, and the magic number
_COPIED = 1 << 22  # bytes at once

Struct = dict[int, tuple[int, Any]]
"""Type and value of each field of a structure by its number; of a list the type of its elements, and these."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _STRUCT = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)

# fields of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData
_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _CHUNK_METADATA, _PAGE_INDEXES = 2, 3, (4, 5, 6, 7)  # place and length of the two page indexes
_PAGE_OFFSETS = (9, 10, 11, 14)  # of data pages, index pages, the dictionary and the Bloom filter


class RowGroupFile:
    """A Parquet file of the row groups of others, all of one schema."""

    def __init__(self, path: Path) -> None:
        """Create the file, which is whole once it is closed."""
        self._file = path.open("wb")
        self._file.write(_MAGIC)
        self._footer: Struct = {}

    def append(self, path: Path) -> None:
        """Copy the row groups of a file."""
        with path.open("rb") as other:
            end = other.seek(-_TAIL, os.SEEK_END) - int.from_bytes(other.read(4), "little")
            other.seek(end)
            footer = _Reader(other.read()).struct()
            other.seek(len(_MAGIC))
            moved = self._file.tell() - len(_MAGIC)
            _copy(other, self._file, end - len(_MAGIC))
        if not self._footer:
            self._footer = footer
            return
        groups = _groups(self._footer)
        for group in _groups(footer):
            _move(group, moved, len(groups))
            groups.append(group)
        self._footer[_ROWS] = (_I64, self._footer[_ROWS][1] + footer[_ROWS][1])

    def close(self) -> None:
        """Write the footer."""
        footer = _struct_bytes(self._footer)
        self._file.write(footer + len(footer).to_bytes(4, "little") + _MAGIC)
        self._file.close()


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    for begin in range(0, size, _COPIED):
        target.write(source.read(min(_COPIED, size - begin)))


def _groups(footer: Struct) -> list[Struct]:
    groups: list[Struct] = footer[_ROW_GROUPS][1][1]
    return groups


def _move(group: Struct, by: int, ordinal: int) -> None:
    """Say that a row group stands so many bytes further on, and which of the file it is."""
    _add(group, _GROUP_OFFSET, by)
    group[_ORDINAL] = (_I16, ordinal)
    for chunk in group[_COLUMNS][1][1]:
        _add(chunk, _CHUNK_OFFSET, by)
        for field in _PAGE_INDEXES:  # readers do without
            chunk.pop(field, None)
        for field in _PAGE_OFFSETS:
            _add(chunk[_CHUNK_METADATA][1], field, by)


def _add(struct: Struct, field: int, number: int) -> None:
    kind, offset = struct.get(field, (_I64, 0))
    if offset:  # 0: PyArrow knows none
        struct[field] = (kind, offset + number)


class _Reader:
    """Reader of a structure in the compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self) -> Struct:
        """Read a structure."""
        fields: Struct = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            fields[number] = (kind, None if kind in (_TRUE, _FALSE) else self._value(kind))
        return fields

    def _value(self, kind: int) -> Any:
        read: dict[int, Callable[[], Any]] = {
            _TRUE: self._byte,  # as an element of a list
            _FALSE: self._byte,
            _BYTE: self._byte,
            _I16: self._integer,
            _I32: self._integer,
            _I64: self._integer,
            _DOUBLE: lambda: self._bytes(8),
            _BINARY: lambda: self._bytes(self._varint()),
            _LIST: self._list,
            _STRUCT: self.struct,
        }
        return read[kind]()

    def _list(self) -> tuple[int, list[Any]]:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._varint()
        return head & 15, [self._value(kind) for kind in repeat(head & 15, size)]

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)  # zigzag


def _struct_bytes(fields: Struct) -> bytes:
    """Return a structure in the compact protocol."""
    written, last = [], 0
    for number, (kind, value) in sorted(fields.items()):
        near = 0 < number - last < 16
        written.append(bytes([(number - last) << 4 | kind]) if near else bytes([kind]) + _integer_bytes(number))
        written.append(b"" if kind in (_TRUE, _FALSE) else _value_bytes(kind, value))
        last = number
    return b"".join(written) + b"\0"


def _value_bytes(kind: int, value: Any) -> bytes:
    match kind:
        case 1 | 2 | 3:  # a truth value in a list, or a byte
            return bytes([value])
        case 4 | 5 | 6:
            return _integer_bytes(value)
        case 8:
            return _varint_bytes(len(value)) + bytes(value)
        case 9:
            of, elements = value
            size = len(elements)
            head = bytes([size << 4 | of]) if size < 15 else bytes([0xF0 | of]) + _varint_bytes(size)
            return head + b"".join(_value_bytes(of, element) for element in elements)
        case 12:
            return _struct_bytes(value)
    return bytes(value)  # a double


def _integer_bytes(value: int) -> bytes:
    return _varint_bytes(value << 1 if value >= 0 else (-value << 1) - 1)


def _varint_bytes(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)
