"""What is downloaded for one piece of work is downloaded once: its plan and its corpus are of the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_fetched: ContextVar[set[Path] | None] = ContextVar("fetched", default=None)


@contextmanager
def downloading_once() -> Iterator[None]:
    """While this lasts, a file of the net that was downloaded is not asked for again."""
    if _fetched.get() is not None:  # of a piece of work around this one
        yield
        return
    token = _fetched.set(set())
    try:
        yield
    finally:
        _fetched.reset(token)


def is_fresh(file: Path) -> bool:
    """Whether this piece of work has downloaded it."""
    return file in (_fetched.get() or ()) and file.is_file()


def note_fresh(file: Path) -> None:
    """It has just been downloaded."""
    fetched = _fetched.get()
    if fetched is not None:
        fetched.add(file)
