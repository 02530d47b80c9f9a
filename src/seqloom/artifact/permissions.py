"""File permissions: the home is private, and outputs follow the user's umask.

A home contains the team's text, in databases, checkpoints and logs.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from seqloom.errors import UserError

UMASK = "SEQLOOM_UMASK"  # octal, of the home; by default others may do nothing
_USERS = "SEQLOOM_OUTPUT_UMASK"  # the user's own umask, for child processes
_NOTHING = 0o077
_OURS = (
    "artifacts", "comparisons", "downloads", "locks", "logs", "mlflow", "mlflow.db", "mlflow.db-shm", "mlflow.db-wal",
    "password", "prefect", "stack.json",
)  # fmt: skip


def keep_private(home: Path) -> list[str]:
    """Make new files of this process and its children private, and close the home if it exists.

    Returns:
        Warnings, if others could read the home before, or still can.

    Raises:
        UserError: `SEQLOOM_UMASK` is no umask.
    """
    umask = _umask()
    users = os.umask(umask)
    os.environ.setdefault(_USERS, f"{users:03o}")
    if not home.is_dir():
        return []
    entries = {entry.name for entry in home.iterdir()}
    if all(_is_ours(name) for name in entries):
        return _close([home], umask, home)
    return _close([home / name for name in sorted(entries) if _is_ours(name)], umask, home)  # the rest is not ours


def output_folder(folder: Path) -> None:
    """Create an output folder and its parents with the user's own umask.

    Raises:
        UserError: a file is in its place, or nothing can be made there.
    """
    try:
        for path in (folder, *folder.parents):
            if path.exists() and not path.is_dir():
                raise UserError(f"{path}: is a file, and a folder is to be written there; name another place")
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:  # reported as what it is
            raise
        raise UserError(f"{folder}: cannot be made ({error.strerror}); name another place") from None
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: cannot be written to; name another place, or change its permissions")
    for path in missing:
        hand_over(path)


def output_file(file: Path) -> None:
    """Make the folder of a file that is to be written; before the work, that nothing is done in vain.

    Raises:
        UserError: a folder is in its place, or it cannot be written.
    """
    if file.is_dir():
        raise UserError(f"{file}: is a folder, and a file is to be written there; name another place")
    output_folder(file.parent)
    if file.exists() and not os.access(file, os.W_OK):
        raise UserError(f"{file}: cannot be written to; name another place, or change its permissions")


def hand_over(output: Path) -> None:
    """Give an output, a file or a folder of the user's, the permissions of the user's own umask."""
    users = os.environ.get(_USERS)
    if users is None:  # nothing was kept from them
        return
    for path in (output, *output.rglob("*")) if output.is_dir() else (output,):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~int(users, 8))


def _umask() -> int:
    setting = os.environ.get(UMASK, "")
    try:
        umask = int(setting, 8) if setting else _NOTHING
    except ValueError:
        umask = -1
    if not 0 <= umask <= 0o777 or umask & 0o700:
        raise UserError(f"{UMASK}={setting} is no umask that leaves you your own files; write one such as 077 or 027")
    return umask


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith(".") or name.endswith((".lock", ".draft"))


def _close(paths: list[Path], umask: int, home: Path) -> list[str]:
    open_before, refused = 0, ""
    for path, mode in _modes(paths):
        if mode & umask:
            open_before += 1
            try:
                path.chmod(mode & ~umask)
            except OSError as error:
                refused = error.strerror or ""
    if refused:
        return [f"others on this machine may use {home} ({refused}): chmod -R go= it, as whoever owns it"]
    if open_before:
        return [f"others on this machine could read {home}: now only you can ({UMASK} says otherwise)"]
    return []


def _modes(paths: list[Path]) -> Iterator[tuple[Path, int]]:
    for path in paths:
        if not path.is_symlink() and path.exists():
            yield path, path.stat().st_mode & 0o777
