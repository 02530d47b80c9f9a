"""Two plugins of pytest: one learns which test passes through which line, the other lets a fault face those alone."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

Line = tuple[str, int]
PROCESS: Line = ("a process", 0)
"""Stands among the lines of a test that starts one: what that passes through cannot be seen."""

_STARTS = ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "os.system")
KILLED = 1  # the exit status of a run in which a test failed: pytest's own
PATIENCE = 20  # seconds for a test, beside ten times what the slowest takes


@dataclass
class Passed:
    """What a run without a fault told."""

    lines: dict[str, set[Line]] = field(default_factory=dict)  # by test
    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    imported: set[Line] = field(default_factory=set)  # run before any test: a fault there is everybody's
    modules: list[str] = field(default_factory=list)

    def through(self, file: str, lines: range) -> list[str]:
        """The tests that can tell a fault in these lines: all of them where none is known to."""
        places = {(file, line) for line in lines}
        starting = [test for test, seen in self.lines.items() if PROCESS in seen]
        passing = [test for test, seen in self.lines.items() if places & seen and PROCESS not in seen]
        if places & self.imported or not passing:
            return [*self.lines]
        return [*passing, *starting]


class Watcher:
    """Notes the lines of some source that each test passes through, those of its fixtures among them."""

    def __init__(self, source: Path) -> None:
        self._source = f"{source}{os.sep}"
        self._now: set[Line] = set()
        self._fixtures: dict[int, set[Line]] = {}
        self.told = Passed(imported=self._now)
        sys.addaudithook(self._hear)
        start = BaseProcess.start

        def told(process: BaseProcess) -> None:
            self._now.add(PROCESS)
            start(process)

        BaseProcess.start = told  # type: ignore[method-assign]  (its forks are no audit event)
        sys.settrace(self._enter)
        threading.settrace(self._enter)

    def _hear(self, event: str, _: tuple[Any, ...]) -> None:
        if event in _STARTS:
            self._now.add(PROCESS)

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(self._source):
            return None
        file = name.removeprefix(self._source)

        def line(frame: FrameType, _event: str, _argument: object) -> Any:
            self._now.add((file, frame.f_lineno))
            return line

        return line(frame, "", None)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        outer, self._now = self._now, set()
        result = yield
        seen, self._now = self._now, outer
        found = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
        for fixture in (each for name in item.fixturenames for each in found.get(name, ())):  # type: ignore[attr-defined]
            seen |= self._fixtures.get(id(fixture), set())
        self.told.lines[item.nodeid] = seen
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        outer, self._now = self._now, set()
        try:
            return (yield)
        finally:
            seen = self._fixtures.setdefault(id(fixturedef), set())
            seen |= self._now
            self._now = outer | seen

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seconds = self.told.seconds
        seconds[report.nodeid] = seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.told.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        self.told.modules = [*sys.modules]


class Chosen:
    """Runs some tests alone, in their order, and ends the process where one takes far too long."""

    def __init__(self, tests: Sequence[str], seconds: Mapping[str, float]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}
        self._limit = PATIENCE + 10 * max(seconds.values(), default=0.0)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self._places), key=self._place)

    def _place(self, item: pytest.Item) -> int:
        return self._places[item.nodeid]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        signal.signal(signal.SIGALRM, lambda *_: os._exit(KILLED))
        signal.setitimer(signal.ITIMER_REAL, self._limit)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
