"""Graceful stop of a training on SIGTERM and Ctrl-C, at a point where nothing is lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ImmediateStop(BaseException):
    """Signal within work that is long and changes nothing that is saved, such as a validation."""


class GracefulStop:
    """Signal handlers as a context; outside the main thread, which alone gets signals, they do nothing."""

    def __init__(self) -> None:
        self.number = 0  # of the signal that came; 0 is none
        self._at_once = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._heard) for number in SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise `ImmediateStop` within as soon as a signal comes, or has come."""
        self._at_once = True
        try:
            if self.number:
                raise ImmediateStop
            yield
        finally:
            self._at_once = False

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:
            raise KeyboardInterrupt  # Ctrl-C again: somebody will not wait
        self.number = number
        if self._at_once:
            self._at_once = False
            raise ImmediateStop
