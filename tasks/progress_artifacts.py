"""Progress of a stage, in the terminal that started the flow and as a progress artifact in Prefect's UI."""

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
SECONDS_FOR_THE_LAST = 5.0  # that the end of a stage waits for its last update

logger = logging.getLogger("seqloom.tasks")  # a child of "seqloom", whose warnings reach the terminal and the run's log

State = tuple[float, str]  # percent, and a description such as "training: 120 updates"


class Audience(Protocol):
    """A terminal that shows the progress of stages."""

    def progress(self, stage: str) -> Progress:
        """Return the callback by which a stage reports its progress."""

    def warned(self, sentence: str) -> None:
        """Show a warning while the stage goes on."""

    def noted(self, sentence: str) -> None:
        """Show a line of the stage, such as the metrics of an epoch, in a log."""

    def finished(self, stage: str, headline: str, seconds: float | None) -> None:
        """Show that the stage is finished, with its headline; seconds is None where it was cached."""


audience: ContextVar[Audience | None] = ContextVar("audience", default=None)


@contextmanager
def watched(stage: str, key: str) -> Iterator[Progress]:
    """Yield a `Progress` that moves the terminal's bar and a progress artifact in Prefect's UI."""
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
    """Sends the newest state to Prefect from a thread, so that neither delay nor failure reaches the work."""

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
            except httpx.TransportError:  # Prefect is away; the next state replaces this one
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
