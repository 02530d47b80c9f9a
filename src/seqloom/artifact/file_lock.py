"""File locks between processes, on one machine or on a shared file system."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)


@contextmanager
def locked(file: Path, what: str) -> Iterator[None]:
    """Hold the lock inside the context, and log a wait for it; a kill releases it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        logger.warning("another run is at work on %s: waiting for it", what)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
