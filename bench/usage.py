"""Processor time and memory of a command, and of the processes that it starts."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.paths import HOME, ROOT

_EVERY = 0.1  # seconds between two looks at the memory


@dataclass
class Usage:
    """Use of the processor and of memory by a process and its children."""

    seconds: float = 0.0  # of processors
    largest: float = 0.0  # MiB, of any process
    together: float = 0.0  # MiB, of all at one moment

    @property
    def shown(self) -> str:
        """Return the memory in words."""
        return f"{self.largest:,.0f} MiB in a process, {self.together:,.0f} in all"


def used_by(command: Sequence[str]) -> Usage:
    """Run a command, and return what it used.

    Raises:
        SystemExit: it failed.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    if Path(command[0]) != Path(sys.executable):
        del environment["PYTHONPATH"]
    log = HOME / "logs" / f"{Path(command[0]).name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    usage = Usage()
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        _look(process.pid, usage)
        time.sleep(_EVERY)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}; see {log}")
    usage.seconds = ended[2].ru_utime + ended[2].ru_stime
    return usage


def _look(pid: int, usage: Usage) -> None:
    """Take the memory of a process and its children into account."""
    family = [pid, *(int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split())]
    family += [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*") for child in _read(f"{task}/children").split()
    ]
    statuses = [_status(member) for member in dict.fromkeys(family)]
    usage.together = max(usage.together, sum(status.get("VmRSS", 0.0) for status in statuses))
    usage.largest = max(usage.largest, *(status.get("VmHWM", 0.0) for status in statuses))


def _status(pid: int) -> dict[str, float]:
    """Return the fields of a process's memory, MiB."""
    fields = (line.split(":", 1) for line in _read(f"/proc/{pid}/status").splitlines() if line.startswith("Vm"))
    return {name: int(value.split()[0]) / 1024 for name, value in fields}


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:  # the process has ended
        return ""
