"""A database is whole or absent, whoever else makes it and whenever its maker is killed."""

import sqlite3
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from seqloom.artifact.sqlite_file import discard, holds_rows, journals_of, prepare
from seqloom.errors import UserError

SOME_ROWS = [("kept", "true")]


def make(draft: Path) -> None:
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("CREATE TABLE kept (name)")
        connection.commit()


def ready(file: Path) -> bool:
    with closing(sqlite3.connect(file)) as connection:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept'").fetchall())


def count_and_make(file: Path) -> None:
    """In a process of its own: leave a mark for each time that it was made."""

    def counted(draft: Path) -> None:
        (file.parent / f"made-{draft.name}-{len(list(file.parent.glob('made-*')))}").touch()
        make(draft)

    prepare(file, "a database", ready, counted)


def test_of_several_who_begin_at_once_one_makes_it(tmp_path: Path) -> None:
    file = tmp_path / "a ü.db"
    context = get_context("forkserver")
    processes = [context.Process(target=count_and_make, args=(file,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(list(tmp_path.glob("made-*"))) == 1
    assert ready(file)


def test_what_a_killed_maker_left_is_no_part_of_the_next(tmp_path: Path) -> None:
    """A journal beside its place would be played into it; one of the draft, into the next draft."""
    file = tmp_path / "a.db"
    for left in (*journals_of(file), tmp_path / ".a.db-draft", *journals_of(tmp_path / ".a.db-draft")):
        left.write_bytes(b"half of something")
    prepare(file, "a database", ready, make)
    assert ready(file)
    assert not [path for path in tmp_path.iterdir() if path.name not in ("a.db", ".a.db.lock")]


def test_half_of_one_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.touch()  # as SQLite leaves it that opened one and was killed
    prepare(file, "a database", ready, make)
    assert ready(file)


def test_it_takes_its_place_only_when_it_is_made(tmp_path: Path) -> None:
    file = tmp_path / "a.db"

    def fails(draft: Path) -> None:
        make(draft)
        assert not file.exists()
        raise OSError("as a kill would")

    with pytest.raises(OSError, match="as a kill would"):
        prepare(file, "a database", ready, fails)
    assert not file.exists()
    prepare(file, "a database", ready, make)
    assert ready(file)


def test_one_that_is_discarded_goes_before_its_journals(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    for path in (file, *journals_of(file)):
        path.touch()
    discard(file)
    assert not list(tmp_path.iterdir())


def test_what_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(UserError, match=r"a\.db is damaged .*put a backup in its place"):
        holds_rows(file, SOME_ROWS)
    file.unlink()
    file.mkdir()
    with pytest.raises(UserError, match=r"a\.db cannot be read now"):
        holds_rows(file, SOME_ROWS)
