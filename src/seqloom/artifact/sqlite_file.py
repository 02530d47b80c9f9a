"""Atomic creation of SQLite databases: written beside the target under a lock, then renamed."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from seqloom.artifact.file_lock import locked
from seqloom.artifact.fsync import sync
from seqloom.artifact.full_disk import says_full
from seqloom.errors import UserError

SECONDS_FOR_OTHERS = 60.0  # that a reader waits for a writer
JOURNALS = ("-journal", "-wal", "-shm")  # files in which SQLite keeps what is not in the database yet


def prepare(file: Path, what: str, is_ready: Callable[[Path], bool], make: Callable[[Path], None]) -> None:
    """Return once the database `file` is there and ready, made with `make` by one process alone.

    `is_ready` inspects an existing one; one that it refuses has nothing to keep, and is made again. A kill at any
    moment leaves the file, none, or one that `is_ready` refuses.

    Raises:
        UserError: it is damaged, or `is_ready` says that a person has to see to it.
    """
    with locked(file.with_name(f".{file.name}.lock"), what):
        if file.exists() and is_ready(file):
            return
        draft = file.with_name(f".{file.name}-draft")
        for old in (file, draft):  # a journal that outlives its file would be played into the next one
            discard(old)
        try:
            make(draft)
        except BaseException:
            discard(draft)  # on a disk that is full, it would be in the way
            raise
        left = [journal.name for journal in journals_of(draft) if journal.exists() and journal.stat().st_size]
        assert not left, f"{left}: what is not in the file itself would be lost"
        sync(draft)
        draft.rename(file)
        sync(file.parent)


def discard(file: Path) -> None:
    """Remove a database and its journals; a kill in between leaves no file with another's journal."""
    file.unlink(missing_ok=True)
    for journal in journals_of(file):
        journal.unlink(missing_ok=True)


def journals_of(file: Path) -> list[Path]:
    """Return the journal files of a database."""
    return [file.with_name(file.name + ending) for ending in JOURNALS]


def revision_of(file: Path) -> str:
    """Return the database's Alembic revision; empty without one.

    Raises:
        UserError: it is no database, or damaged.
    """
    rows = _ask(file, "SELECT version_num FROM alembic_version", needed={"alembic_version"})
    return str(rows[0][0]) if rows else ""


def holds_rows(file: Path, queries: Iterable[tuple[str, str]]) -> bool:
    """Return whether one of the (table, condition) queries finds a row; a missing table has none.

    Raises:
        UserError: it is no database, or damaged.
    """
    return any(
        _ask(file, f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1", needed={table}) for table, condition in queries
    )


def _ask(file: Path, query: str, needed: set[str]) -> list[tuple[object, ...]]:
    try:
        with closing(sqlite3.connect(file, timeout=SECONDS_FOR_OTHERS)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return connection.execute(query).fetchall() if needed <= tables else []
    except sqlite3.OperationalError as error:  # not the file's fault
        if says_full(error):
            raise
        raise UserError(
            f"{file} cannot be read now ({error}): see who may read and who holds it, with ls -l and lsof"
        ) from None
    except sqlite3.DatabaseError as error:
        raise UserError(
            f"{file} is damaged ({error}): put a backup in its place, or move it away and begin without it"
        ) from None
