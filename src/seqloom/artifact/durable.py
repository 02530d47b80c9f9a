"""Bytes that are on the disk, not on their way there."""

import errno
import os
import re
from pathlib import Path

from seqloom.mistake import UserMistake

_FULL = re.compile(rf"os error ({errno.ENOSPC}|{errno.EDQUOT})\b|\d+ requested and \d+ written")
"""How safetensors and tokenizers (Rust), and NumPy, say that the disk is full: with no number on the exception."""


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


def says_full(error: Exception) -> bool:
    """Whether an error of any library means that the disk is full."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return not isinstance(error, UserMistake) and _FULL.search(str(error)) is not None
