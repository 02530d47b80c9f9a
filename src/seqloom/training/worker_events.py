"""Events from worker processes to the one that started them: lines of JSON in a file."""

import json
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any, Self

Event = list[Any]
"""Kind of the event, such as `row`, and its arguments."""

SECONDS_BETWEEN_LOOKS = 0.2


class EventWriter:
    """Writer of events; it first ends a line that a killed process left incomplete."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8", buffering=1)
        self._file.write("\n")

    def __call__(self, *event: Any) -> None:
        """Write one event and flush it."""
        self._file.write(json.dumps(event) + "\n")


class EventReader:
    """Reader of events, which passes them to `hear` from a thread; on exit, also those that are left.

    Raises, on exit, what `hear` raised.
    """

    def __init__(self, file: Path, hear: Callable[[Event], None]) -> None:
        self._file = file
        self._hear = hear
        self._left = threading.Event()
        self._error: Exception | None = None
        self._read = 0
        self._thread = threading.Thread(target=copy_context().run, args=(self._listen,), name="events", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._left.set()
        self._thread.join()
        if self._error and kind is None:
            raise self._error

    def _listen(self) -> None:
        try:
            while not self._left.wait(SECONDS_BETWEEN_LOOKS):
                self._hand_on()
            self._hand_on()
        except Exception as error:
            self._error = error

    def _hand_on(self) -> None:
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        for line in whole.splitlines():
            try:
                event = json.loads(line)
            except ValueError:  # cut short
                continue
            self._hear(event)
