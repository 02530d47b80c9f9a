"""One error sentence for a full disk, whichever write fails in whichever library."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqloom.artifact.home_folder import home_folder
from seqloom.errors import UserError

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of the disk, of the user, of one file (ulimit -f)
_FULL = re.compile(
    rf"os error ({'|'.join(map(str, _NUMBERS))})\b|\d+ requested and \d+ written|database or disk is full|"
    + "|".join(map(os.strerror, _NUMBERS))
)
"""Messages of safetensors and tokenizers (Rust), NumPy, SQLite, Arrow and servers, whose exceptions have no errno."""

LITTLE = 1 << 20  # bytes: with less, an unexplained failure is taken for a full disk


def says_full(error: BaseException) -> bool:
    """Return whether an error, or its cause, means that the disk is full, whichever library raised it."""
    if isinstance(error, UserError):
        return False
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return True
    return _FULL.search(str(error)) is not None or (error.__cause__ is not None and says_full(error.__cause__))


def full_disk(folder: Path, kept: str = "what is finished is kept", variable: str = "") -> str:
    """Return the sentence: where, and the remedy; `variable` names the environment variable that sets `folder`."""
    variable = variable or _variable(folder)
    larger = f", or set {variable} to a larger disk," if variable else ""
    return f"the disk is full below {folder}: free some space there{larger} and run the same command again; {kept}"


@contextmanager
def full_disk_reported(folder: Path, kept: str = "what is finished is kept", variable: str = "") -> Iterator[None]:
    """Turn any library's error for a full disk into the sentence.

    Raises:
        UserError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if not says_full(error):
            raise
        raise UserError(full_disk(folder, kept, variable)) from error


def full_folder(error: BaseException) -> Path | None:
    """Return the folder whose full disk caused an error; None for other errors.

    A server that cannot write often does not say why: then the free space of our folders is checked.
    """
    folders = [home_folder(), Path(tempfile.gettempdir()), Path.cwd()]
    if not says_full(error):
        return next((folder for folder in folders if has_no_space(folder)), None)
    if isinstance(error, OSError) and isinstance(error.filename, str | os.PathLike):
        named = Path(error.filename).absolute()
        return next((folder for folder in folders if named.is_relative_to(folder)), named.parent)
    return min(folders, key=_free)


def has_no_space(folder: Path) -> bool:
    """Return whether less than `LITTLE` bytes can be written below a folder, which may not exist yet."""
    return _free(folder) < LITTLE


def _free(folder: Path) -> int:
    """Return the free bytes."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    return shutil.disk_usage(there).free


def _variable(folder: Path) -> str:
    """Return the environment variable that sets a folder; empty where none does."""
    if folder.is_relative_to(home_folder()):
        return "SEQLOOM_HOME"
    return "TMPDIR" if folder.is_relative_to(tempfile.gettempdir()) else ""
