"""How far a stage is, for a log that nobody sees a bar in: a line a minute, so that it tells that the work lives."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

SECONDS_BETWEEN_LINES = 60.0
SECONDS_BETWEEN_POLLS = 1.0

TrainingState = tuple[int, int | None, str, str]  # done, of how many, counted in, and a note such as the loss


class ProgressLog:
    """Takes how far the stage under way is, and says it when a minute has gone by."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._lock = Lock()
        self._stage = ""
        self._now: TrainingState = (0, None, "", "")
        self._said: TrainingState = self._now  # in the last line
        self._begun = self._said_at = self._moved_at = clock()

    def begin(self, stage: str) -> None:
        """A stage is under way."""
        with self._lock:
            self._stage = stage
            self._now = self._said = (0, None, "", "")
            self._begun = self._said_at = self._moved_at = self._clock()

    def update(self, now: TrainingState) -> None:
        """It has come so far."""
        with self._lock:
            self._now, self._moved_at = now, self._clock()

    def end(self) -> None:
        """No stage is under way."""
        with self._lock:
            self._stage = ""

    def tell(self, sentence: str) -> None:
        """Something of the stage that is worth a line, such as an epoch; the next minute begins with it."""
        with self._lock:
            self._write(f"{sentence}{self._rate()}")

    def look(self) -> None:
        """Write a line, if it is time for one."""
        with self._lock:
            if self._stage and self._clock() - self._said_at >= SECONDS_BETWEEN_LINES:
                self._write(self._in_words())

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look again and again while this lasts, whatever the work does meanwhile."""
        left = Event()

        def run() -> None:
            while not left.wait(SECONDS_BETWEEN_POLLS):
                self.look()

        thread = Thread(target=run, name="log", daemon=True)
        thread.start()
        try:
            yield
        finally:
            left.set()
            thread.join()

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
        """Of the stage so far."""
        done, _, unit, _ = self._now
        seconds = self._clock() - self._begun
        return f", {done / seconds:,.1f} {unit}/s" if done and seconds else ""


def _count(done: int, total: int | None, unit: str) -> str:
    return f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
