"""How a stage tells whoever watches how far it is; it knows nothing of bars or servers."""

from typing import Protocol


class Progress(Protocol):
    """Called by a stage as it goes; the watcher draws a bar, writes an artifact, or ignores it."""

    def __call__(self, done: int, total: int | None, unit: str, note: str = "") -> None:
        """`done` of `total` (None while unknown), counted in `unit`; `note` is a few words such as the loss."""


def unwatched(done: int, total: int | None, unit: str, note: str = "") -> None:
    """Let the progress of a stage that nobody watches go by."""
