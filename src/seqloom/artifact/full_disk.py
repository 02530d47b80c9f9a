"""One error sentence for a full disk, whichever write fails in whichever library."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqloom.artifact.fsync import says_full
from seqloom.artifact.home_folder import home_folder
from seqloom.errors import UserError

LITTLE = 1 << 20  # bytes: where there are less, what fails without a reason fails of that


def full_disk(place: Path, kept: str = "what is finished is kept", variable: str = "") -> str:
    """Return the sentence: where, and the remedy; `variable` names the environment variable that sets `place`."""
    variable = variable or _variable(place)
    larger = f", or set {variable} to a larger disk," if variable else ""
    return f"the disk is full below {place}: free some space there{larger} and run the same command again; {kept}"


@contextmanager
def full_disk_is_told(place: Path, kept: str = "what is finished is kept", variable: str = "") -> Iterator[None]:
    """Turn what any library says of a full disk into the sentence.

    Raises:
        UserError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if not says_full(error):
            raise
        raise UserError(full_disk(place, kept, variable)) from error


def full_place(error: BaseException) -> Path | None:
    """Return the folder whose full disk caused an error; None for other errors.

    A server that cannot write answers with an error that does not say why: there the disks are looked at.
    """
    places = [home_folder(), Path(tempfile.gettempdir()), Path.cwd()]
    if not says_full(error):
        return next((place for place in places if has_no_space(place)), None)
    if isinstance(error, OSError) and isinstance(error.filename, str | os.PathLike):
        named = Path(error.filename).absolute()
        return next((place for place in places if named.is_relative_to(place)), named.parent)
    return min(places, key=_free)


def has_no_space(place: Path) -> bool:
    """Return whether less than `LITTLE` bytes can be written below a folder, which may not exist yet."""
    return _free(place) < LITTLE


def _free(place: Path) -> int:
    """Return the free bytes."""
    there = next((folder for folder in (place, *place.parents) if folder.exists()), Path("/"))
    return shutil.disk_usage(there).free


def _variable(place: Path) -> str:
    """Return the environment variable that sets a folder; empty where none does."""
    if place.is_relative_to(home_folder()):
        return "SEQLOOM_HOME"
    return "TMPDIR" if place.is_relative_to(tempfile.gettempdir()) else ""
