"""A folder of the user's that is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from seqloom.artifact.full_disk import full_disk_reported
from seqloom.artifact.permissions import hand_over, output_folder
from seqloom.errors import UserError


def require_new(folder: Path) -> None:
    """Refuse a folder that is there.

    Raises:
        UserError: it is.
    """
    if folder.exists():
        raise UserError(f"{folder} exists already: name another folder with --to, or remove it")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a path to write to, which becomes `folder` at the end; of an error nothing is left.

    Raises:
        UserError: the disk is full.
    """
    output_folder(folder.parent)
    unfinished_folder = TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-")
    with full_disk_reported(folder.parent.absolute(), "nothing half-written is left"), unfinished_folder as unfinished:
        made = Path(unfinished) / "model"
        yield made
        hand_over(made)
        made.rename(folder)
