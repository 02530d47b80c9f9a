"""SIGTERM and Ctrl-C while a training runs: a wish to stop, granted where nothing is lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ImmediateStop(BaseException):
    """Leaves work that would take too long to finish and changes nothing that is saved, such as a validation."""


class GracefulStop:
    """Listens for the signals while it is entered; outside the main thread, which alone gets them, it hears none."""

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
        """Raise `ImmediateStop` in here as soon as a signal comes, or has come."""
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
