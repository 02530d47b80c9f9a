"""Lock and address file of the stack that is up in a home."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from seqloom.errors import UserError
from seqloom.stack.origin_names import is_same_here
from seqloom.stack.password import credentials, known_auth_string


@dataclass(frozen=True)
class RunningStack:
    """A stack that is up."""

    prefect_url: str
    prefect_api: str
    mlflow_url: str
    home: str  # a copy of it has this file too, and no stack
    mlflow_asks: bool = False  # for the password that Prefect asks for, too
    process: int = field(default_factory=os.getpid)
    started: float = field(default_factory=lambda: psutil.Process().create_time())  # numbers are used again


def claim(home: Path) -> FileLock | None:
    """Return the lock of the one stack a home can have; None where another process holds it."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "stack.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    _file(home).unlink(missing_ok=True)
    return lock


def announce(home: Path, stack: RunningStack) -> None:
    """Write the address file of this process's stack, until `withdraw`."""
    draft = _file(home).with_suffix(".draft")
    draft.write_text(json.dumps(asdict(stack)), encoding="utf-8")
    draft.replace(_file(home))


def withdraw(home: Path) -> None:
    """Remove the address file."""
    _file(home).unlink(missing_ok=True)


def running(home: Path) -> RunningStack | None:
    """Return the stack that is up in this home; None if there is none, or its process was killed.

    Raises:
        UserError: the home was moved from under it.
    """
    try:
        found = RunningStack(**json.loads(_file(home).read_text(encoding="utf-8")))
        alive = psutil.Process(found.process).create_time() == found.started
    except (FileNotFoundError, psutil.NoSuchProcess, TypeError, ValueError):  # its fields are those of an older Seqloom
        return None
    if alive and not Path(found.home).exists():
        raise UserError(
            f"{home} was moved from {found.home} while a stack was up there: stop that one (process {found.process}), "
            "and start it here with seqloom up"
        )
    return found if alive and Path(found.home).samefile(home) else None


def join(home: Path) -> None:
    """Point this process to the stack that is up in its home, unless its user names other servers."""
    found = running(home)
    if found:
        os.environ.setdefault("PREFECT_API_URL", found.prefect_api)
        os.environ.setdefault("MLFLOW_TRACKING_URI", found.mlflow_url)
        prefect, mlflow = (
            is_same_here(os.environ[name], url)
            for name, url in (("PREFECT_API_URL", found.prefect_api), ("MLFLOW_TRACKING_URI", found.mlflow_url))
        )
        for name, value in credentials(known_auth_string(home), found.mlflow_asks).items():
            if mlflow if name.startswith("MLFLOW") else prefect:  # no other server is told
                os.environ.setdefault(name, value)


def _file(home: Path) -> Path:
    return home / "stack.json"
