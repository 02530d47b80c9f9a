"""Decompression: gzip, bzip2, xz, zstandard, zip and tar, recognized by the first bytes."""

import bz2
import errno
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from seqloom.errors import UserError

HEAD = 1 << 16  # bytes from which format and encoding are detected
PACKED = ("gz", "bz2", "xz", "zst", "zip")  # endings of file names
_PACKERS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # an empty one
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x04\x22\x4d\x18": "LZ4",
    b"LZIP\x01": "lzip",
    b"\x1f\x9d": "compress",
}
_UNSUPPORTED = ("7-Zip", "RAR", "LZ4", "lzip", "compress")
_DAMAGE = (
    EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError,
    pa.ArrowInvalid,
)  # fmt: skip


def detect_compression(path: Path) -> str:
    """Return the name of a file's compression, or an empty string."""
    with path.open("rb") as file:
        head = file.read(10)
    if head[:3] == b"BZh" and head[4:10] != b"1AY&SY":  # a text may begin with BZh
        return ""
    return next((packer for first, packer in _PACKERS.items() if head.startswith(first)), "")


@contextmanager
def open_decompressed(path: Path, location: str, member: str = "") -> Iterator[BinaryIO]:
    """Open a file, decompressing gzip, bzip2, xz, zstandard or a zip archive with one file.

    With `member` open that file of a zip or tar archive, which is streamed and never unpacked to the disk.

    Raises:
        UserError: the compression is not supported, or the data is damaged.
    """
    packer = detect_compression(path)
    if packer in _UNSUPPORTED:
        raise UserError(
            f"{location}: is packed by {packer}; unpack it, or pack it by gzip, bzip2, xz, zstandard or zip, which are "
            "looked through"
        )
    try:
        with _opened(path, packer, location, member) as stream:
            if member and packer != "zip":
                with tarfile.open(fileobj=stream, mode="r|") as archive:
                    yield _found_in_tar(archive, member, location)
            else:
                yield stream
    except _DAMAGE as error:
        raise _damaged(location, packer or "tar", error) from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL) or not packer:  # an error of the disk
            raise
        raise _damaged(location, packer, error) from None


def first_bytes(path: Path, location: str, member: str = "") -> bytes:
    """Return the first `HEAD` bytes of a file, decompressed."""
    with open_decompressed(path, location, member) as stream:
        return stream.read(HEAD)


def members(path: Path) -> list[str]:
    """Return the names of the files in a zip archive, without those that macOS adds.

    Raises:
        BadZipFile: the archive is damaged.
    """
    with _zip_archive(path) as archive:
        return [
            name
            for name in archive.namelist()
            if not name.endswith(("/", ".DS_Store")) and not name.startswith("__MACOSX/")
        ]


def _zip_archive(path: Path) -> zipfile.ZipFile:
    with _bad_zip():
        return zipfile.ZipFile(path)


@contextmanager
def _bad_zip() -> Iterator[None]:
    """Raise BadZipFile for all that zipfile raises of names, versions and offsets that cannot be."""
    try:
        yield
    except (ValueError, OverflowError, struct.error, NotImplementedError) as error:
        raise zipfile.BadZipFile(str(error)) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # an error of the disk
            raise
        raise zipfile.BadZipFile("offsets out of the file") from None


def tar_members(path: Path, location: str) -> list[str]:
    """Return the names of the files in a tar archive, without its links and folders; empty for any other file.

    Raises:
        UserError: the archive is damaged.
    """
    if detect_compression(path) == "zip" or first_bytes(path, location)[257:262] != b"ustar":
        return []
    with open_decompressed(path, location) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        return [member.name for member in archive if member.isreg() and not Path(member.name).name.startswith("._")]


@contextmanager
def _opened(path: Path, packer: str, location: str, member: str = "") -> Iterator[BinaryIO]:
    if packer == "zip":
        name = member or _only_member(path, location)
        with _zip_archive(path) as archive:
            with _bad_zip():
                file = archive.open(name)
            with file:
                yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, file), HEAD))
        return
    with path.open("rb") as plain:
        match packer:
            case "":
                yield plain
            case "zstandard":
                with pa.CompressedInputStream(pa.PythonFile(plain, "r"), "zstd") as file:
                    yield cast(BinaryIO, io.BufferedReader(file, HEAD))
            case _:
                # Lines are read several times faster through a buffer written in C.
                with io.BufferedReader(_reader_of(packer, plain), HEAD) as file:
                    yield file


def _reader_of(packer: str, plain: BinaryIO) -> io.RawIOBase:
    match packer:
        case "gzip":
            return cast(io.RawIOBase, gzip.open(plain))
        case "bzip2":
            return cast(io.RawIOBase, bz2.open(plain))
        case "xz":
            return cast(io.RawIOBase, lzma.open(plain))
    raise AssertionError(packer)


def _found_in_tar(archive: tarfile.TarFile, name: str, location: str) -> BinaryIO:
    for member in archive:
        if member.name == name and member.isreg() and (file := archive.extractfile(member)):
            return cast(BinaryIO, file)
    raise UserError(f"{location}: is not in its archive any more; give the archive that was planned with")


def _only_member(path: Path, location: str) -> str:
    names = members(path)
    if len(names) != 1:
        found = ", ".join(name[:40] for name in names[:5]) + (", …" if len(names) > 5 else "")
        raise UserError(
            f"{location}: a zip archive with {len(names)} files ({found or 'none'}), and one is looked through: unpack "
            "it, and name its files"
        )
    return names[0]


def _damaged(location: str, packer: str, error: Exception) -> UserError:
    return UserError(f"{location}: damaged {packer} data ({str(error).lower()}); compress or copy the file again")
