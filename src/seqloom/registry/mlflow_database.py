"""The embedded MLflow's database: created atomically, and again where a kill left it incomplete."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path

import mlflow
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event

from seqloom.artifact.home_folder import database_file
from seqloom.artifact.sqlite_file import holds_rows, prepare, revision_of
from seqloom.errors import UserError
from seqloom.registry.artifact_locations import bring_home
from seqloom.registry.tracking_uri import files_folder

KEPT = (  # tables with data to keep
    ("runs", "true"),
    ("registered_models", "true"),
    ("logged_models", "true"),
    ("experiments", "experiment_id != 0"),  # 0 is MLflow's own
)


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a SQLite tracking URI; None for a server or a database in memory."""
    path = uri.removeprefix("sqlite:///")
    return Path(path) if uri.startswith("sqlite:///") and path and ":memory:" not in path and "?" not in path else None


def prepare_ours(home: Path) -> None:
    """Prepare the embedded MLflow's database of a home, which may have been moved or copied.

    Raises:
        UserError: as there, or it came from somewhere else and must not be written.
    """
    prepare_database(database_file(home), files_folder(home).as_uri())
    bring_home(database_file(home), files_folder(home))


def prepare_database(file: Path, files: str) -> None:
    """Return once MLflow has a database that it can use; a new one stores artifacts in `files`.

    Raises:
        UserError: it holds runs, and was made by another MLflow, or is damaged.
    """
    if file.exists() and _is_ready(file):  # without the lock, for a home may be there to be read alone
        return
    prepare(file, "MLflow's database", _is_ready, lambda draft: _make(draft, files))


def _make(draft: Path, files: str) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # half a second that a made one is spared

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it would log each step
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with _nothing_flushed():
        store = SqlAlchemyStore(f"sqlite:///{draft}", files)
    store.engine.dispose()


@contextmanager
def _nothing_flushed() -> Iterator[None]:
    """Spare a slow disk hundreds of flushes of a draft, which is flushed as a whole or lost as a whole."""

    def tell(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", tell)
    try:
        yield
    finally:
        event.remove(Engine, "connect", tell)


@cache
def current_revision() -> str | None:
    """Return the installed MLflow's revision: all connections ask, and it is found in sixty files."""
    return _migrations().get_current_head()


def _migrations() -> ScriptDirectory:
    return ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))


def _is_ready(file: Path) -> bool:
    found = revision_of(file)
    if found == current_revision():
        return True
    if not holds_rows(file, KEPT):
        return False
    known = {script.revision for script in _migrations().walk_revisions()}
    if found and found not in known:
        raise UserError(f"{file} was written by a newer MLflow than {installed('mlflow')}: install that one again")
    raise UserError(
        f"{file} was written by an older MLflow, or an upgrade of it was cut off: copy it, and then let MLflow "
        f"{installed('mlflow')} bring it up to date with: mlflow db upgrade 'sqlite:///{file}'"
    )
