"""Folders with an index, a JSON file that also holds the sizes of the others: each is whole, or done anew.

A folder appears by one rename when all is in it. One that is kept for later runs is on the disk before; where a loss of
power cut files off nonetheless, their sizes tell.
"""

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqloom.artifact.file_lock import locked


def write_index(folder: Path, name: str, values: Mapping[str, Any]) -> None:
    """Write the index of a folder that is complete but for it."""
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    (folder / name).write_text(json.dumps({**values, "sizes": sizes}), encoding="ascii")


def read_index(folder: Path, name: str) -> dict[str, Any]:
    """Read the index of a folder that is whole."""
    values: dict[str, Any] = json.loads((folder / name).read_text(encoding="ascii"))
    return values


def is_whole(folder: Path, name: str) -> bool:
    """Return whether the folder is there, with an index that can be read and all files that it names."""
    try:
        sizes = read_index(folder, name)["sizes"]
        return bool(sizes.items() <= {file.name: file.stat().st_size for file in folder.iterdir()}.items())
    except (FileNotFoundError, ValueError):
        return False


def put_in_place(made: Path, folder: Path, name: str) -> None:
    """Give a folder that is whole its name, unless another process was faster; a broken one of that name gives way."""
    try:
        os.rename(made, folder)  # noqa: PTH104 it says which error it was
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        with locked(folder.with_suffix(".lock"), "the same rows"):
            if is_whole(folder, name):  # asked under the lock: no process removes what another has put there
                return
            broken = folder.rename(made.with_suffix(".broken"))
        shutil.rmtree(broken, ignore_errors=True)
        put_in_place(made, folder, name)
