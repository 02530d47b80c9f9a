"""The store of finished stages: each folder appears whole, by one rename."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from seqloom.artifact.digest import digest_of_folder, digest_of_value
from seqloom.artifact.file_lock import locked
from seqloom.artifact.fsync import make_durable, sync
from seqloom.artifact.full_disk import full_disk_reported
from seqloom.artifact.manifest import MANIFEST_FILE, Manifest, read_manifest

Write = Callable[[Path], Mapping[str, Any]]


class Store:
    """Artifacts below `SEQLOOM_HOME/artifacts`, one folder per stage and key."""

    def __init__(self, home: Path) -> None:
        self.root = home.absolute() / "artifacts"

    def find(self, stage: str, key: str) -> Manifest | None:
        """Return the finished stage, or None if it is not built."""
        folder = self._folder(stage, key)
        return read_manifest(folder) if (folder / MANIFEST_FILE).exists() else None

    def alone(self, name: str, what: str) -> AbstractContextManager[None]:
        """Return a lock shared by all users of this store; `what` names the work to those who wait."""
        return locked(self.root / "locks" / f"{name}.lock", what)

    def find_by_digest(self, stage: str, digest: str) -> Manifest | None:
        """Return the finished stage with this digest or its first digits, if it is there."""
        manifests = (read_manifest(file.parent) for file in sorted((self.root / stage).glob(f"[!.]*/{MANIFEST_FILE}")))
        return next((manifest for manifest in manifests if digest and manifest.digest.startswith(digest)), None)

    def workspace(self, stage: str, key: str) -> Path:
        """Create and return a stage's workspace, which keeps checkpoints across kills until it is discarded."""
        folder = self.workspace_path(stage, key)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def workspace_path(self, stage: str, key: str) -> Path:
        """Return the path of a stage's workspace."""
        return self._folder(stage, key).with_suffix(".work")

    def discard_workspace(self, stage: str, key: str) -> None:
        """Remove the workspace of a stage that is finished."""
        shutil.rmtree(self.workspace_path(stage, key), ignore_errors=True)

    def build(self, stage: str, key: str, write: Write, again: bool = False) -> Manifest:
        """Return the finished stage, built with `write` if it is missing, or `again`.

        `write` fills an empty folder and returns its facts. The folder appears by one rename, after its bytes
        are on the disk; a second process that needs the same stage waits for the first and uses its result. A previous
        folder stays until then.

        Raises:
            UserError: the disk is full.
        """
        folder = self._folder(stage, key)
        lock = locked(folder.with_suffix(".lock"), f"the same {stage}")
        with full_disk_reported(self.root, "finished stages are kept", "SEQLOOM_HOME"), lock:
            found = None if again else self.find(stage, key)
            return found or self._commit(folder, stage, key, write)

    def _commit(self, folder: Path, stage: str, key: str, write: Write) -> Manifest:
        prefix = f".{folder.name}-"
        for killed in folder.parent.glob(f"{prefix}*"):  # left by a killed process; the lock excludes a living one
            shutil.rmtree(killed, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
        try:
            started = time.monotonic()
            facts = write(unfinished)
            digest = digest_of_value([key, digest_of_folder(unfinished)])
            manifest = Manifest(stage, key, digest, str(folder), round(time.monotonic() - started, 3), facts)
            manifest.write(unfinished)
            make_durable(unfinished)
            _put(unfinished, folder)
            return manifest
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _folder(self, stage: str, key: str) -> Path:
        return self.root / stage / key[:32]


def _put(made: Path, folder: Path) -> None:
    """Rename `made` to `folder`; an existing one is moved aside first and removed last."""
    replaced = made.with_suffix(".replaced")  # a name that the next commit clears away, should this one be killed
    if folder.exists():
        folder.rename(replaced)
    made.rename(folder)
    sync(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)
