"""Postgres for both servers: a schema for Prefect and one for MLflow, in the database that the URL names."""

import os
import sys
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, ProgrammingError

from seqloom.artifact.home_folder import database_file
from seqloom.errors import UserError

SECRET = "SEQLOOM_DATABASE_URL"  # for the servers alone: no worker and no run is told
PREFECT_SCHEMA = "prefect"
MLFLOW_SCHEMA = "mlflow"


def prefect_database(url: str) -> dict[str, str]:
    """Return the settings of Prefect's database; none for SQLite in `PREFECT_HOME`."""
    if not url:
        return {}
    return {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": _render(_parse(url).set(drivername="postgresql+asyncpg")),
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_SEARCH_PATH": f"{PREFECT_SCHEMA},public",
    }


def mlflow_database(url: str, home: Path) -> str:
    """Return the URI of MLflow's backend store."""
    if not url:
        return f"sqlite:///{database_file(home)}"
    return _render(_parse(url).update_query_dict({"options": f"-csearch_path={MLFLOW_SCHEMA}"}))


def make_schemas(url: str) -> None:
    """Create the schemas that are missing.

    Raises:
        UserError: the database cannot be reached, or it may not be written.
    """
    parsed = _parse(url)
    try:
        with create_engine(parsed).begin() as connection:
            for schema in (PREFECT_SCHEMA, MLFLOW_SCHEMA):
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public"))
    except ModuleNotFoundError:
        raise UserError(
            "SEQLOOM_DATABASE_URL: the driver for Postgres is missing; pip install psycopg2-binary"
        ) from None
    except (OperationalError, ProgrammingError) as error:
        reason = str(error.orig).splitlines()[0]
        where = parsed.render_as_string(hide_password=True)
        raise UserError(f"SEQLOOM_DATABASE_URL: {where} cannot be used ({reason})") from None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        parsed = None
    if parsed is None or parsed.get_backend_name() != "postgresql":
        raise UserError("SEQLOOM_DATABASE_URL is not a Postgres; write postgresql://USER:PASSWORD@HOST:5432/DATABASE")
    return parsed.set(drivername="postgresql+psycopg2")


def _render(url: URL) -> str:
    return url.render_as_string(hide_password=False)


if __name__ == "__main__":  # for compose.yaml, where servers are started without a `seqloom up`
    try:
        make_schemas(os.environ.get(SECRET, ""))
    except UserError as mistake:
        sys.exit(f"seqloom: {mistake}")
