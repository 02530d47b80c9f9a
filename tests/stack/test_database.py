"""One Postgres for both servers: what they are told, and that each finds its own schema."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from seqloom.errors import UserError
from seqloom.stack.postgres import make_schemas, mlflow_database, prefect_database
from tests.postgres_server import PASSWORD, QUOTED, postgres_server
from tests.stack.stack_process import free_port


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
    with postgres_server() as url:
        yield url


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
