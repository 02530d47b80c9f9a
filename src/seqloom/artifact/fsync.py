"""Flush files and folders to the disk."""

import os
from pathlib import Path


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
