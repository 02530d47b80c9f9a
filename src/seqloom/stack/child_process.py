"""Child processes of the stack: start with a log file each, health check, and end with all their descendants."""

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from seqloom.errors import StackFailure
from seqloom.interpreter import PYTHON_MODULE
from seqloom.stack.layout import MARK, Server
from seqloom.stack.prefect_database import exit_message

PATIENCE = 180  # seconds for a server to be ready: a new database on a slow disk takes a minute

RUN = "PREFECT__FLOW_RUN_ID"  # in the environment of a flow run's process


class Child:
    """A started server; the log of its predecessor is kept as NAME.log.1."""

    def __init__(self, server: Server, logs: Path) -> None:
        self.server = server
        self.log = logs / f"{server.name}.log"
        self.started = time.time()
        logs.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            # In a session of its own: Ctrl-C in the terminal is for the stack, which ends its parts in order.
            self.process = subprocess.Popen(
                [*PYTHON_MODULE, *server.arguments],
                cwd=server.folder,
                env=dict(server.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """True if the process has ended."""
        return self.process.poll() is not None

    def check(self, patience: float) -> None:
        """Raise a `StackFailure` if it ended, or is older than `patience` seconds and still not ready."""
        if self.ended:
            why = f" ({sentence})" if (sentence := exit_message(self.log)) else ""
            raise StackFailure(f"{self.server.name} ended with code {self.process.returncode}{why}: see {self.log}")
        if time.time() - self.started > patience:
            raise StackFailure(f"{self.server.name} is not ready after {patience:.0f} seconds: see {self.log}")


def wait_until_ready(children: Iterable[Child]) -> None:
    """Return once all their health addresses answer; raise a `StackFailure` as soon as one cannot any more."""
    waiting = list(children)
    while waiting := [child for child in waiting if not answers(child.server.health)]:
        for child in waiting:
            child.check(PATIENCE)
        time.sleep(0.2)


def answers(address: str) -> bool:
    """Return whether a GET request is answered with 200."""
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def processes_of(mark: Path | str) -> list[psutil.Process]:
    """Return every process with this mark in its environment, which all descendants inherit."""
    return [process for process, _ in _marked(mark)]


def flow_runs_of(mark: Path | str) -> list[psutil.Process]:
    """Return the flow runs among them, without the processes that a run itself started: it ends those."""
    runs = {process.pid: process for process, environment in _marked(mark) if RUN in environment}
    return [run for run in runs.values() if run.ppid() not in runs]


def _marked(mark: Path | str) -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # it ended, or is another user's
            environment = process.environ()
            if environment.get(MARK) == str(mark) and process.pid != os.getpid():
                yield process, environment


def end(processes: Iterable[psutil.Process], grace: float) -> None:
    """Send SIGTERM, and after `grace` seconds SIGKILL."""
    alive = list(processes)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(alive, timeout=grace)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=10)
