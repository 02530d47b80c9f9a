"""File permissions: the home is private, and outputs follow the user's umask.

A home holds the team's text, in databases, checkpoints and logs.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from seqloom.errors import UserError

UMASK = "SEQLOOM_UMASK"  # octal, of the home; by default others may do nothing
_USERS = "SEQLOOM_OUTPUT_UMASK"  # the user's own, told to every process that is started
_NOTHING = 0o077
_OURS = (
    "artifacts", "comparisons", "downloads", "locks", "logs", "mlflow", "mlflow.db", "mlflow.db-shm", "mlflow.db-wal",
    "password", "prefect", "stack.json",
)  # fmt: skip


def keep_private(home: Path) -> list[str]:
    """Make new files of this process and its children private, and close the home if it exists.

    Returns:
        A sentence for whoever might wonder, if others could read it before, or still can.

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
    return _close([home / name for name in sorted(entries) if _is_ours(name)], umask, home)  # others' lie beside them


def output_folder(folder: Path) -> None:
    """Make a folder of the user's, and those above it, where they are not there yet."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        hand_over(place)


def hand_over(place: Path) -> None:
    """Let others do with an output, a file or a folder of the user's, what the user's own umask says."""
    users = os.environ.get(_USERS)
    if users is None:  # nothing was kept from them
        return
    for path in (place, *place.rglob("*")) if place.is_dir() else (place,):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~int(users, 8))


def _umask() -> int:
    said = os.environ.get(UMASK, "")
    try:
        umask = int(said, 8) if said else _NOTHING
    except ValueError:
        umask = -1
    if not 0 <= umask <= 0o777 or umask & 0o700:
        raise UserError(f"{UMASK}={said} is no umask that leaves you your own files; write one such as 077 or 027")
    return umask


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith(".") or name.endswith((".lock", ".draft"))


def _close(places: list[Path], umask: int, home: Path) -> list[str]:
    open_before, refused = 0, ""
    for place, mode in _modes(places):
        if mode & umask:
            open_before += 1
            try:
                place.chmod(mode & ~umask)
            except OSError as error:
                refused = error.strerror or ""
    if refused:
        return [f"others on this machine may use {home} ({refused}): chmod -R go= it, as whoever owns it"]
    if open_before:
        return [f"others on this machine could read {home}: now only you can ({UMASK} says otherwise)"]
    return []


def _modes(places: list[Path]) -> Iterator[tuple[Path, int]]:
    for place in places:
        if not place.is_symlink() and place.exists():
            yield place, place.stat().st_mode & 0o777
