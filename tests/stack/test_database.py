"""One Postgres for both servers: what they are told, and that each finds its own schema."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from seqloom.errors import UserError
from seqloom.stack.postgres import make_schemas, mlflow_database, prefect_database
from tests.stack.stack_process import free_port

PASSWORD = "se%cr@t/1"
QUOTED = "se%25cr%40t%2F1"


def test_sqlite_is_below_home(tmp_path: Path) -> None:
    assert prefect_database("") == {}
    assert mlflow_database("", tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"


@pytest.mark.parametrize("url", ["mysql://a:b@c/d", "sqlite:///x.db", "nonsense", "postgres//a", "oracle9://a/b"])
def test_what_is_no_postgres(url: str, tmp_path: Path) -> None:
    for asked in (prefect_database, make_schemas, lambda given: mlflow_database(given, tmp_path)):
        with pytest.raises(UserError, match="SEQLOOM_DATABASE_URL is not a Postgres; write postgresql://USER:"):
            asked(url)


def test_a_postgres_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"^SEQLOOM_DATABASE_URL: .*cannot be used \(.*refused") as mistake:
        make_schemas(f"postgresql://somebody:{QUOTED}@127.0.0.1:{free_port()}/seqloom")
    assert QUOTED not in str(mistake.value)
    assert PASSWORD not in str(mistake.value)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A Postgres of our own; its server refuses to be run by root, so that root lends it to another."""
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        pytest.skip("Postgres is not installed")
    if os.geteuid() == 0 and subprocess.run(["id", "postgres"], capture_output=True).returncode:
        pytest.skip("there is no user postgres to run it")
    lent = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    port = free_port()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD)
        if lent:
            shutil.chown(folder, "postgres")
            shutil.chown(folder / "password", "postgres")
        data = str(folder / "data")
        told = ["-D", data, "-U", "seqloom", "-A", "scram-sha-256", "--pwfile", str(folder / "password"), "-N"]
        subprocess.run([*lent, "initdb", *told], check=True, capture_output=True, cwd=folder)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        start = [*lent, "pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        try:
            yield f"postgresql://seqloom:{QUOTED}@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*lent, "pg_ctl", "-D", data, "-m", "fast", "-w", "stop"], check=True, capture_output=True)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port))


def test_each_server_finds_its_schema(postgres: str, tmp_path: Path) -> None:
    make_schemas(postgres)
    make_schemas(postgres)
    engine = create_engine(mlflow_database(postgres, tmp_path))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_schema()")).scalar() == "mlflow"
    engine.dispose()
    assert asyncio.run(_prefect_schema(prefect_database(postgres))) == "prefect"


async def _prefect_schema(told: dict[str, str]) -> str:
    """As Prefect's server connects (server/database/configurations.py)."""
    path = told["PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_SEARCH_PATH"]
    settings = {"server_settings": {"search_path": path}}
    engine = create_async_engine(told["PREFECT_SERVER_DATABASE_CONNECTION_URL"], connect_args=settings)
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT current_schema(), similarity('word', 'words')"))
        schema, _ = found.one()
    await engine.dispose()
    return str(schema)
