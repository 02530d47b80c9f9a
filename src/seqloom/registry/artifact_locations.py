"""Repair MLflow's absolute artifact locations after the home was moved, renamed or copied.

MLflow stores absolute addresses: a run's files would be looked up in the former home, and a copy would write into the
original. So a database is rewritten when it is opened in another home than the one that it names.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from seqloom.artifact.file_lock import locked
from seqloom.artifact.full_disk import says_full
from seqloom.artifact.sqlite_file import SECONDS_FOR_OTHERS
from seqloom.errors import UserError

ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("trace_tags", "value"),  # of them, one tag is an address
)
"""Columns that hold the address of a file or folder."""

logger = logging.getLogger(__name__)


def bring_home(database: Path, files: Path) -> None:
    """Rewrite every address below a former home to `files`, the folder of this one.

    Raises:
        UserError: the database names another home, and must not be written.
    """
    if not former_homes(database, files):
        return
    with locked(database.with_name(f".{database.name}.lock"), "MLflow's database"):
        former = former_homes(database, files)
        try:
            with closing(sqlite3.connect(database, timeout=SECONDS_FOR_OTHERS)) as connection, connection:
                for folder in former:
                    _rewrite(connection, f"{folder}/", f"{files.as_uri()}/")
        except sqlite3.OperationalError as error:
            if says_full(error):
                raise
            raise UserError(
                f"{database} was moved from {_path(former[0]).parent}, and cannot be told so ({error}): let somebody "
                "who may write there run a command in this home once"
            ) from None
    for folder in former:
        logger.warning(
            "this home was moved or copied from %s: its runs and models are at home here", _path(folder).parent
        )


def _rewrite(connection: sqlite3.Connection, old: str, new: str) -> None:
    for table, column in ADDRESSES:
        connection.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
            (new, len(old) + 1, len(old), old),
        )


def former_homes(database: Path, files: Path) -> list[str]:
    """Return the former addresses of `files`, as the experiments of this database have them.

    An address that the user moved elsewhere is kept: its files are there, not here.
    """
    with closing(sqlite3.connect(database, timeout=SECONDS_FOR_OTHERS)) as connection:
        found = connection.execute("SELECT artifact_location FROM experiments").fetchall()
    experiments: dict[str, list[str]] = {}
    for (address,) in found:
        folder, _, experiment = str(address).rpartition("/")
        if folder.startswith("file:") and folder.endswith(f"/{files.name}") and folder != files.as_uri():
            experiments.setdefault(folder, []).append(unquote(experiment))
    return [folder for folder, names in experiments.items() if _is_former(_path(folder), names, files)]


def _is_former(folder: Path, experiments: list[str], files: Path) -> bool:
    if folder.is_dir() and files.is_dir() and folder.samefile(files):  # another name of the same folder
        return False
    return any((files / name).is_dir() for name in experiments) or not any(
        (folder / name).exists() for name in experiments
    )


def _path(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))
