"""What the processes of a training tell the one that started them: lines of JSON in a file."""

import json
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any, Self

Event = list[Any]
"""A kind, such as `row`, and its arguments."""

SECONDS_BETWEEN_LOOKS = 0.2


class EventWriter:
    """Appends events; a line that a kill cut short is closed by whoever comes next."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8", buffering=1)
        self._file.write("\n")

    def __call__(self, *event: Any) -> None:
        """Write one event, at once."""
        self._file.write(json.dumps(event) + "\n")


class EventReader:
    """Hands events on as they come, from a thread; on leaving, those that are still there.

    Raises, on leaving, what the hearer raised.
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
