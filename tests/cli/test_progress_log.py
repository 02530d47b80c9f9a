"""A log tells that the work lives: a line a minute, and one an epoch."""

import io
import time

import pytest
from rich.console import Console

from seqloom.cli import progress_log
from seqloom.cli.progress_bars import TerminalAudience
from seqloom.cli.progress_log import ProgressLog


class Clock:
    """Seconds, as a test wants them."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def lines(clock: Clock, said: list[str]) -> ProgressLog:
    return ProgressLog(said.append, clock)


def work(lines: ProgressLog, clock: Clock, seconds: int, rate: int = 0, done: int = 0) -> int:
    """A second after the other, as the thread looks."""
    for _ in range(seconds):
        clock.now += 1
        if rate:
            done += rate
            lines.update((done, 9_000, "updates", f"epoch 1 of 3 · loss {9000 / done:.3f}"))
        lines.look()
    return done


def test_a_line_a_minute(lines: ProgressLog, clock: Clock, said: list[str]) -> None:
    lines.begin("training")
    done = work(lines, clock, 59, rate=20)
    assert said == []
    done = work(lines, clock, 121, 20, done)
    assert said == [
        "training    1,200 of 9,000 updates, 20.0 updates/s, epoch 1 of 3 · loss 7.500",
        "training    2,400 of 9,000 updates, 20.0 updates/s, epoch 1 of 3 · loss 3.750",
        "training    3,600 of 9,000 updates, 20.0 updates/s, epoch 1 of 3 · loss 2.500",
    ]


def test_work_that_says_nothing_is_said_to(lines: ProgressLog, clock: Clock, said: list[str]) -> None:
    lines.begin("vectors")
    work(lines, clock, 60)
    lines.update((5, None, "rows", ""))
    work(lines, clock, 120)
    assert said == [
        "vectors     nothing new for 60 s",
        "vectors     5 rows, 0.0 rows/s",
        "vectors     at 5 rows, nothing new for 120 s",
    ]


def test_an_epoch_is_a_line_and_the_minute_begins_anew(lines: ProgressLog, clock: Clock, said: list[str]) -> None:
    lines.begin("training")
    work(lines, clock, 50, rate=20)
    lines.tell("epoch 1, update 1,000: validation loss 5.9")
    work(lines, clock, 59, rate=20, done=1_000)
    assert said == ["training    epoch 1, update 1,000: validation loss 5.9, 20.0 updates/s"]


def test_between_stages_there_is_nothing_to_say(lines: ProgressLog, clock: Clock, said: list[str]) -> None:
    lines.begin("corpus")
    lines.end()
    work(lines, clock, 300)
    assert said == []


def test_a_file_gets_lines_and_a_terminal_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_log, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(progress_log, "SECONDS_BETWEEN_POLLS", 0.01)
    for terminal in (False, True):
        file = io.StringIO()
        watcher = TerminalAudience(Console(file=file, force_terminal=terminal, width=60))
        with watcher.live():
            watcher.progress("training")(3, 10, "updates", "[loss] 1.0")
            deadline = time.monotonic() + 10
            while not terminal and "updates" not in file.getvalue() and time.monotonic() < deadline:
                time.sleep(0.01)
            watcher.noted("epoch 1: validation loss 1.0")
            watcher.finished("training", "done", 1.0)
        written = file.getvalue()
        assert ("training    epoch 1: validation loss 1.0" in written) is not terminal
        assert ("3 of 10 updates" in written and "[loss] 1.0" in written) is not terminal
