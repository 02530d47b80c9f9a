"""A registered version read from the embedded MLflow's own database and folder, without MLflow.

Importing MLflow takes two seconds of processor time, far longer than the answer to a text. Its database is only read
here, and only at the revision of MLflow's tables that this module was written for. A server, another revision, a home
that was moved, a version that is not there: all of that is MLflow's own to answer.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from seqloom.artifact.home_folder import database_file
from seqloom.artifact.sqlite_file import SECONDS_FOR_OTHERS
from seqloom.registry.artifact_locations import former_homes
from seqloom.registry.checkpoint_folder import MODEL_URI
from seqloom.registry.tracking_uri import MLFLOW_VARIABLE, files_folder

REVISION = "dc11669786a5"  # of MLflow's tables; a test compares it with the installed MLflow's
OTHER_REGISTRIES = (MLFLOW_VARIABLE, "MLFLOW_REGISTRY_URI", "MLFLOW_WORKSPACE", "MLFLOW_ENABLE_WORKSPACES")
"""Environment variables that lead MLflow's client elsewhere."""
LATEST = "latest"  # of MLflow's aliases: the one that no table holds

_BY_ALIAS = "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?"
_VERSION = (
    "SELECT version, coalesce(storage_location, source) FROM model_versions "
    "WHERE name = ? AND version = ? AND current_stage != 'Deleted_Internal'"
)
_TAGS = "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?"


@dataclass(frozen=True)
class LocalVersion:
    """Name, number and tags of a registered version, and the folder of its files."""

    name: str
    version: str
    tags: Mapping[str, str]
    folder: Path


def read_local_version(model: str, home: Path) -> LocalVersion | None:
    """Return the version that a `models:/` URI names; None where MLflow has to be asked."""
    parts, database = MODEL_URI.fullmatch(model), database_file(home)
    if not parts or any(os.environ.get(each) for each in OTHER_REGISTRIES) or not database.is_file():
        return None
    try:
        with closing(sqlite3.connect(database, timeout=SECONDS_FOR_OTHERS)) as connection:
            if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(REVISION,)]:
                return None
            found = _find(connection, **parts.groupdict())
        return found if not former_homes(database, files_folder(home)) else None
    except sqlite3.Error:  # MLflow's client says what is wrong
        return None


def _find(connection: sqlite3.Connection, name: str, alias: str | None, version: str | None) -> LocalVersion | None:
    if alias:
        rows = connection.execute(_BY_ALIAS, (name, alias)).fetchall() if alias.lower() != LATEST else []
        if len(rows) != 1:
            return None
        [(version,)] = rows
    rows = connection.execute(_VERSION, (name, str(version))).fetchall()  # a number of any length
    if len(rows) != 1:  # none, or one of each of several workspaces
        return None
    [(number, place)] = rows
    address = urlsplit(str(place))
    folder = Path(unquote(address.path))
    if address.scheme != "file" or address.netloc or not folder.is_dir():
        return None
    tags = {str(key): str(value) for key, value in connection.execute(_TAGS, (name, number))}
    return LocalVersion(name, str(number), tags, folder)
