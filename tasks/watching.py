"""Who watches a stage: the terminal that started the flow, or Prefect's UI, or both."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Protocol

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

from seqloom.progress import Progress

SECONDS_BETWEEN_UPDATES = 5.0


class Audience(Protocol):
    """A terminal that wants to see stages begin, go on and end."""

    def progress(self, stage: str) -> Progress:
        """Where the stage reports how far it is."""

    def warned(self, sentence: str) -> None:
        """Something a person should know while the stage goes on."""

    def finished(self, stage: str, headline: str, seconds: float | None) -> None:
        """The stage is done, with what came of it; seconds is None where it was cached."""


audience: ContextVar[Audience | None] = ContextVar("audience", default=None)


@contextmanager
def watched(stage: str, key: str) -> Iterator[Progress]:
    """A `Progress` that moves the terminal's bar and a progress artifact in the Prefect UI."""
    watcher = audience.get()
    bar = watcher.progress(stage) if watcher else None
    artifact = create_progress_artifact(0.0, key=key, description=f"{stage}: starting")
    last = monotonic()

    def progress(done: int, total: int | None, unit: str, note: str = "") -> None:
        nonlocal last
        if bar:
            bar(done, total, unit, note)
        if monotonic() - last >= SECONDS_BETWEEN_UPDATES:
            last = monotonic()
            share = 100.0 * done / total if total else 0.0
            update_progress_artifact(artifact, share, description=f"{stage}: {done:,} {unit} {note}")

    with _warnings_are_told():
        yield progress
    update_progress_artifact(artifact, 100.0, description=f"{stage}: done")


class _Telling(logging.Handler):
    """Takes the library's warnings to the terminal and to Prefect's log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.log = get_run_logger()

    def emit(self, record: logging.LogRecord) -> None:
        sentence = record.getMessage()
        watcher = audience.get()
        if watcher:
            watcher.warned(sentence)
        self.log.log(record.levelno, "%s", sentence)


@contextmanager
def _warnings_are_told() -> Iterator[None]:
    library = logging.getLogger("seqloom")
    telling = _Telling()
    library.addHandler(telling)
    try:
        yield
    finally:
        library.removeHandler(telling)
