"""The protocol by which stages report progress, independent of any display."""

from typing import Protocol


class Progress(Protocol):
    """Called by a stage as it advances; the observer draws a bar, writes an artifact, or ignores it."""

    def __call__(self, done: int, total: int | None, unit: str, note: str = "") -> None:
        """Report `done` of `total` (None while unknown), counted in `unit`; `note` is short, such as the loss."""


def unwatched(done: int, total: int | None, unit: str, note: str = "") -> None:
    """Ignore the progress of a stage."""
