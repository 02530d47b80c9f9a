"""Who watches a stage: the terminal that started the flow, or Prefect's UI, or both."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from threading import Event, Thread
from typing import Protocol
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from seqloom.progress import Progress

SECONDS_BETWEEN_UPDATES = 5.0
SECONDS_FOR_THE_LAST = 5.0  # that the end of a stage waits for its bar to be full

logger = logging.getLogger("seqloom.tasks")  # among the library's, whose warnings people are told

State = tuple[float, str]  # a percentage, and how far that is in words


class Audience(Protocol):
    """A terminal that wants to see stages begin, go on and end."""

    def progress(self, stage: str) -> Progress:
        """Where the stage reports how far it is."""

    def warned(self, sentence: str) -> None:
        """Something a person should know while the stage goes on."""

    def told(self, sentence: str) -> None:
        """Something that a stage has to tell on its way, such as an epoch, for whoever reads a log."""

    def finished(self, stage: str, headline: str, seconds: float | None) -> None:
        """The stage is done, with what came of it; seconds is None where it was cached."""


audience: ContextVar[Audience | None] = ContextVar("audience", default=None)


@contextmanager
def watched(stage: str, key: str) -> Iterator[Progress]:
    """A `Progress` that moves the terminal's bar and a progress artifact in the Prefect UI."""
    watcher = audience.get()
    bar = watcher.progress(stage) if watcher else None
    artifact = _ProgressArtifact(key, f"{stage}: starting")

    def progress(done: int, total: int | None, unit: str, note: str = "") -> None:
        if bar:
            bar(done, total, unit, note)
        share = 100.0 * done / total if total else 0.0
        artifact.state = (share, f"{stage}: {done:,} {unit} {note}")

    with artifact.shown():
        yield progress
        artifact.state = (100.0, f"{stage}: done")


class _ProgressArtifact:
    """Brings the newest state to Prefect from a thread: the work never waits for it, nor ends with it."""

    def __init__(self, key: str, description: str) -> None:
        self.state: State = (0.0, description)
        self._key = key
        self._id: UUID | None = None
        self._shown: State | None = None
        self._left = Event()
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="progress", daemon=True)

    @contextmanager
    def shown(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._left.set()
            self._thread.join(SECONDS_FOR_THE_LAST)

    def _run(self) -> None:
        while True:
            last = self._left.is_set()
            try:
                self._show(self.state)
            except httpx.TransportError:  # Prefect is away; the next state tells all that this one would
                time.sleep(SECONDS_BETWEEN_UPDATES)
                continue
            except Exception as error:
                logger.warning("Prefect shows no progress of this stage: %s", error)
                return
            if last:
                return
            self._left.wait(SECONDS_BETWEEN_UPDATES)

    def _show(self, state: State) -> None:
        if state == self._shown:
            return
        share, description = state
        if self._id is None:
            made = create_progress_artifact(share, key=self._key, description=description)
            assert isinstance(made, UUID), "no coroutine, outside of a loop"
            self._id = made
        else:
            update_progress_artifact(self._id, share, description=description)
        self._shown = state
