"""Processes that end, that never answer, that do not want to end; and what is said of each."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from seqloom.errors import StackFailure
from seqloom.stack import child_process, supervisor
from seqloom.stack.child_process import RUN, Child, end, flow_runs_of, processes_of, wait_until_ready
from seqloom.stack.layout import MARK, Layout, Server
from seqloom.stack.supervisor import Stack

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)
NESTED = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', '{0}']); {0}".format(
    "import time; time.sleep(60)"
)


def server(folder: Path, code: str, health: str = "", **more: str) -> Server:
    """`python -m NAME` of a module with this code."""
    (folder / "played.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, MARK: str(folder), "PYTHONPATH": str(folder), **more}
    return Server("played", ("played",), environment, health)


def wait_for_line(log: Path) -> None:
    while not log.read_bytes():
        time.sleep(0.01)


def test_one_that_ends_before_it_is_ready(tmp_path: Path) -> None:
    one = Child(server(tmp_path, "raise SystemExit(3)", "http://127.0.0.1:9/health"), tmp_path / "logs")
    with pytest.raises(StackFailure, match=r"played ended with code 3: see .*logs/played\.log$"):
        wait_until_ready([one])


def test_one_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "PATIENCE", 0.5)
    one = Child(server(tmp_path, STUBBORN, "http://127.0.0.1:9/health"), tmp_path / "logs")
    with pytest.raises(StackFailure, match=r"played is not ready after 0 seconds: see .*played\.log$"):
        wait_until_ready([one])
    end(processes_of(tmp_path), grace=0)
    one.process.wait()


def test_one_that_does_not_want_to_end(tmp_path: Path) -> None:
    one = Child(server(tmp_path, STUBBORN), tmp_path / "logs")
    wait_for_line(one.log)
    assert [process.pid for process in processes_of(tmp_path)] == [one.process.pid]
    end(processes_of(tmp_path), grace=0.2)
    one.process.wait()
    assert processes_of(tmp_path) == []


def test_children_of_a_run_are_its_own_to_end(tmp_path: Path) -> None:
    one = Child(server(tmp_path, NESTED, **{RUN: "a run"}), tmp_path / "logs")
    while len(processes_of(tmp_path)) < 2:
        time.sleep(0.01)
    assert [process.pid for process in flow_runs_of(tmp_path)] == [one.process.pid]
    psutil.Process(one.process.pid).kill()
    one.process.wait()
    [orphan] = processes_of(tmp_path)
    assert orphan.pid != one.process.pid
    end([orphan], grace=5)
    assert processes_of(tmp_path) == []


def test_the_log_of_the_start_before_is_kept(tmp_path: Path) -> None:
    for word in ("one", "two", "three"):
        Child(server(tmp_path, f"print({word!r})"), tmp_path).process.wait()
    assert (tmp_path / "played.log").read_text() == "three\n"
    assert (tmp_path / "played.log.1").read_text() == "two\n"


def test_a_server_that_dies_ends_the_stack(tmp_path: Path) -> None:
    stack = Stack(Layout(tmp_path, 1, 2), print)
    stack.servers = [Child(server(tmp_path, "import time; time.sleep(1); raise SystemExit(4)"), stack.layout.logs)]
    with pytest.raises(StackFailure, match=r"played ended with code 4: see "):
        stack.watch()


def test_a_worker_that_dies_again_and_again_ends_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor.time, "sleep", lambda _: stack.workers[0].process.wait())
    said: list[str] = []
    stack = Stack(Layout(tmp_path, 1, 2), said.append)
    stack.workers = [Child(server(tmp_path, "raise SystemExit(5)"), stack.layout.logs)]
    with pytest.raises(StackFailure, match=r"the worker played ended 3 times within a minute: see "):
        stack.watch()
    assert len(said) == 2
    assert all("ended with code 5" in line for line in said)
    assert sys.executable in str(stack.workers[0].process.args)
