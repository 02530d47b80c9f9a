"""Prefect's database is ready before its server starts, and says so where it cannot be."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings

from seqloom.errors import UserError
from seqloom.stack import prefect_database
from seqloom.stack.embedded_prefect import EmbeddedPrefect
from seqloom.stack.prefect_database import exit_message, prepare_database

Calls = list[tuple[str, bool]]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "a ü" / "prefect.db"
    with temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: f"sqlite+aiosqlite:///{file}"}):
        yield file


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What Prefect was asked to do; it fails where a table is there already, as its migrations do."""
    asked: Calls = []

    async def migrate(file: Path, blocks: bool) -> None:
        asked.append((file.name, blocks))
        with closing(sqlite3.connect(file)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'whole'").fetchall():
                connection.execute("CREATE TABLE flow_run (id)")
                connection.execute("CREATE TABLE whole (id)")
            connection.commit()

    monkeypatch.setattr(prefect_database, "_migrate", migrate)
    return asked


def spoil(file: Path, *statements: str) -> None:
    file.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.usefixtures("file")
def test_a_new_one_is_made_beside_its_place_and_then_only_looked_at(calls: Calls) -> None:
    prepare_database()
    prepare_database()
    assert calls == [(".prefect.db-draft", True), ("prefect.db", False)]


def test_half_of_one_is_made_anew(file: Path, calls: Calls) -> None:
    spoil(file, "CREATE TABLE flow_run (id)")
    prepare_database()
    assert calls == [("prefect.db", False), (".prefect.db-draft", True)]


def test_one_that_holds_runs_is_kept(file: Path, calls: Calls) -> None:
    spoil(file, "CREATE TABLE flow_run (id)", "INSERT INTO flow_run VALUES (1)")
    with pytest.raises(UserError, match=r"prefect\.db cannot be brought up to date .*already exists.*put a backup"):
        prepare_database()
    assert len(calls) == 1


@pytest.mark.usefixtures("calls")
def test_one_that_somebody_writes_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def held(_file: Path, **_: bool) -> None:
        raise sqlite3.OperationalError("database is locked")

    prepare_database()
    monkeypatch.setattr(prefect_database, "_migrate", held)
    with pytest.raises(sqlite3.OperationalError):
        prepare_database()
    assert file.exists()


@pytest.mark.parametrize("url", ["postgresql+asyncpg://ann@127.0.0.1/db", "sqlite+aiosqlite:///:memory:"])
def test_what_is_no_file_is_left_to_prefect(url: str, calls: Calls) -> None:
    with temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: url}):
        prepare_database()
    assert calls == []


def test_why_a_server_cannot_start_is_the_sentence_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process writes it at the end of its log; what a server said that did start is none."""

    def start(server: EmbeddedPrefect, _listening: object) -> "subprocess.Popen[bytes]":
        code = "import sys; sys.exit('seqloom: the reason')"
        with server.log.open("ab") as log:
            return subprocess.Popen([sys.executable, "-c", code], stderr=log)

    monkeypatch.setattr(EmbeddedPrefect, "_start", start)
    monkeypatch.setattr("seqloom.stack.embedded_prefect.SECONDS_BETWEEN_POLLS", 0.01)
    server = EmbeddedPrefect(tmp_path)
    server._process.wait()
    with pytest.raises(UserError, match=r"^the reason$"):
        server.wait()
    assert exit_message(tmp_path / "none.log") == ""
    server.log.write_text("seqloom: the reason\nINFO: started\n", encoding="utf-8")
    assert exit_message(server.log) == ""
