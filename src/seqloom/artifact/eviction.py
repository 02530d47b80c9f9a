"""Inventory and eviction of stage folders: renamed before deletion, so no reader sees a partial one."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.manifest import MANIFEST_FILE, Manifest, read_manifest


@dataclass(frozen=True)
class StageFolder:
    """One folder of the store, with its kind, size and time of last use."""

    path: Path
    kind: Literal["finished", "workspace", "leftover"]  # a leftover is what a killed process was writing
    used: float  # seconds since 1970: last use by a run
    size: int  # bytes
    manifest: Manifest | None = None  # of what is finished

    @property
    def stage(self) -> str:
        """Return the stage that made it."""
        return self.path.parent.name

    @property
    def lock(self) -> Path:
        """Return the lock file that a process holds while it works on the stage."""
        key = self.path.name.removeprefix(".").partition("-")[0].partition(".")[0]
        return self.path.parent / f"{key}.lock"


def note_use(manifest: Manifest) -> None:
    """Set the time of last use of a finished stage to now."""
    os.utime(manifest.path / MANIFEST_FILE)


def inventory(store: Store) -> Iterator[StageFolder]:
    """Yield every folder of every stage."""
    for path in sorted(store.root.glob("*/*")):
        if path.is_dir() and not path.is_symlink():
            yield _look_at(path)


def is_locked(folder: StageFolder) -> bool:
    """Return whether a process works on this stage now."""
    if not folder.lock.exists():
        return False
    try:
        with FileLock(folder.lock, timeout=0):
            return False
    except Timeout:
        return True


def clear(folder: StageFolder) -> bool:
    """Remove a folder and return True; return False if it is locked, or was used after the inventory.

    It is renamed first, so that every visible folder is whole, even if this process is killed.
    """
    try:
        with FileLock(folder.lock, timeout=0):
            if not folder.path.exists() or _used(folder.path) > folder.used:
                return False
            gone = folder.path.parent / f".{folder.lock.stem}-cleared"
            shutil.rmtree(gone, ignore_errors=True)
            folder.path.rename(gone)
            shutil.rmtree(gone)
            return True
    except Timeout:
        return False


def _look_at(path: Path) -> StageFolder:
    size = sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())
    if path.name.startswith("."):
        return StageFolder(path, "leftover", _used(path), size)
    if path.suffix == ".work":
        return StageFolder(path, "workspace", _used(path), size)
    if (path / MANIFEST_FILE).exists():
        return StageFolder(path, "finished", _used(path), size, read_manifest(path))
    return StageFolder(path, "leftover", _used(path), size)


def _used(path: Path) -> float:
    manifest = path / MANIFEST_FILE
    if manifest.exists():
        return manifest.stat().st_mtime
    return max(inner.lstat().st_mtime for inner in (path, *path.rglob("*")))
