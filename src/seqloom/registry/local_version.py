"""A registered version read from the embedded MLflow's own database and folder, without MLflow.

A version that is not there, or whose files lie elsewhere, is MLflow's own to answer.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from seqloom.registry.checkpoint_folder import MODEL_URI
from seqloom.registry.local_registry import ask_local_registry

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
    parts = MODEL_URI.fullmatch(model)
    return ask_local_registry(home, lambda connection: _find(connection, **parts.groupdict())) if parts else None


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
