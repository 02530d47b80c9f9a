"""Flush files and folders to the disk, and recognize errors of a full one."""

import errno
import os
import re
from pathlib import Path

from seqloom.errors import UserError

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of the disk, of the user, of one file (ulimit -f)
_FULL = re.compile(
    rf"os error ({'|'.join(map(str, _NUMBERS))})\b|\d+ requested and \d+ written|database or disk is full|"
    + "|".join(map(os.strerror, _NUMBERS))
)
"""Messages of safetensors and tokenizers (Rust), NumPy, SQLite, Arrow and servers, whose exceptions have no errno."""


def make_durable(folder: Path) -> None:
    """Return once every file below `folder` is on the disk."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Flush one file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def says_full(error: BaseException) -> bool:
    """Return whether an error, or its cause, means that the disk is full, whichever library raised it."""
    if isinstance(error, UserError):
        return False
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return True
    return _FULL.search(str(error)) is not None or (error.__cause__ is not None and says_full(error.__cause__))
