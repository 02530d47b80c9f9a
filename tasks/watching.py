"""Who watches a stage: the terminal that started the flow, or Prefect's UI, or both."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Protocol

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from seqloom.progress import Progress

SECONDS_BETWEEN_UPDATES = 5.0


class Audience(Protocol):
    """A terminal that wants to see stages begin, go on and end."""

    def progress(self, stage: str) -> Progress:
        """Where the stage reports how far it is."""

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

    yield progress
    update_progress_artifact(artifact, 100.0, description=f"{stage}: done")
