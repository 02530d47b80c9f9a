"""Whether a stack is up in a home, and where: a lock that its process holds, and a file that says the addresses."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from flows.stack.layout import Layout


@dataclass(frozen=True)
class Running:
    """A stack that is up."""

    process: int
    started: float  # of that process: numbers of processes are used again
    prefect_url: str
    prefect_api: str
    mlflow_url: str


def claim(home: Path) -> FileLock | None:
    """The lock of the one stack a home can have; None where another process holds it."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "stack.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    _file(home).unlink(missing_ok=True)
    return lock


def announce(layout: Layout) -> None:
    """Say that the stack is up, until `withdraw`."""
    started = psutil.Process().create_time()
    running = Running(os.getpid(), started, layout.prefect_url, layout.prefect_api, layout.mlflow_url)
    file = _file(layout.home)
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(running)), encoding="utf-8")
    draft.replace(file)


def withdraw(home: Path) -> None:
    """Say it no longer."""
    _file(home).unlink(missing_ok=True)


def running(home: Path) -> Running | None:
    """The stack that is up in this home; of one that was killed the file is still there, but not the process."""
    try:
        found = Running(**json.loads(_file(home).read_text(encoding="utf-8")))
        alive = psutil.Process(found.process).create_time() == found.started
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return found if alive else None


def _file(home: Path) -> Path:
    return home / "stack.json"
