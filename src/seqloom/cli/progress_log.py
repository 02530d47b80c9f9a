"""Progress of a stage in a log without a progress bar: a line a minute."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock

from seqloom.poll_thread import polled

SECONDS_BETWEEN_LINES = 60.0
SECONDS_BETWEEN_POLLS = 1.0

TrainingState = tuple[int, int | None, str, str]  # done, of how many, counted in, and a note such as the loss


class ProgressLog:
    """Keeps the progress of the current stage, and writes it once a minute."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._lock = Lock()
        self._stage = ""
        self._now: TrainingState = (0, None, "", "")
        self._said: TrainingState = self._now  # in the last line
        self._begun = self._said_at = self._moved_at = clock()

    def begin(self, stage: str) -> None:
        """Start a stage."""
        with self._lock:
            self._stage = stage
            self._now = self._said = (0, None, "", "")
            self._begun = self._said_at = self._moved_at = self._clock()

    def update(self, now: TrainingState) -> None:
        """Take the progress of the stage."""
        with self._lock:
            self._now, self._moved_at = now, self._clock()

    def end(self) -> None:
        """End the stage."""
        with self._lock:
            self._stage = ""

    def tell(self, sentence: str) -> None:
        """Write a line of the stage now, such as an epoch; the next one is due a minute later."""
        with self._lock:
            self._write(f"{sentence}{self._rate()}")

    def look(self) -> None:
        """Write a line, if one is due."""
        with self._lock:
            if self._stage and self._clock() - self._said_at >= SECONDS_BETWEEN_LINES:
                self._write(self._in_words())

    def looking(self) -> AbstractContextManager[None]:
        """Write the lines that become due while the block runs."""
        return polled(self.look, SECONDS_BETWEEN_POLLS, "log")

    def _write(self, words: str) -> None:
        self._say(f"{self._stage:<11} {words}")
        self._said, self._said_at = self._now, self._clock()

    def _in_words(self) -> str:
        done, total, unit, note = self._now
        if self._now == self._said:
            where = f"at {_count(done, total, unit)}, " if unit else ""
            return f"{where}nothing new for {self._clock() - max(self._moved_at, self._begun):.0f} s"
        return f"{_count(done, total, unit)}{self._rate()}{f', {note}' if note else ''}"

    def _rate(self) -> str:
        """Return the mean rate of the stage so far."""
        done, _, unit, _ = self._now
        seconds = self._clock() - self._begun
        return f", {done / seconds:,.1f} {unit}/s" if done and seconds else ""


def _count(done: int, total: int | None, unit: str) -> str:
    return f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
