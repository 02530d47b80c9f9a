"""Files that a user names to be read."""

from pathlib import Path

from seqloom.errors import UserError


def require_file(path: Path, remedy: str, named: str = "") -> None:
    """Refuse what is no file to be read; a sentence calls it `named`, or by its path, and ends with the remedy.

    Raises:
        UserError: nothing is there, or a folder, or a device.
    """
    named = named or f"{path}:"
    if path.is_dir():
        raise UserError(f"{named} is a folder, not a file; {remedy}")
    if not path.exists():
        raise UserError(f"{named} no such file (looked in {Path.cwd()}); {remedy}")
    if not path.is_file():
        raise UserError(f"{named} is a pipe or a device, not a file; {remedy}")
