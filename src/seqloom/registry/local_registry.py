"""The embedded MLflow's own database, read without MLflow.

Importing MLflow takes a second or two of processor time, as long as all the rest of a command. Its database is only
read here, and only at the revision of MLflow's tables that this module was written for. A server, another revision, a
home that was moved: all of that is MLflow's own to answer.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from seqloom.artifact.home_folder import database_file
from seqloom.artifact.sqlite_file import SECONDS_FOR_OTHERS
from seqloom.registry.artifact_locations import former_homes
from seqloom.registry.registered_version import Version
from seqloom.registry.tracking_uri import MLFLOW_VARIABLE, files_folder

REVISION = "dc11669786a5"  # of MLflow's tables; a test compares it with the installed MLflow's
OTHER_REGISTRIES = (MLFLOW_VARIABLE, "MLFLOW_REGISTRY_URI", "MLFLOW_WORKSPACE", "MLFLOW_ENABLE_WORKSPACES")
"""Environment variables that lead MLflow's client elsewhere."""

_Found = TypeVar("_Found")

_WITH_TAG = (
    "SELECT version, run_id FROM model_versions JOIN model_version_tags AS tag USING (workspace, name, version) "
    "WHERE name = ? AND tag.key = ? AND tag.value = ? AND current_stage != 'Deleted_Internal'"
)
_ALIASES = "SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ? ORDER BY alias"
_EXPERIMENTS = "SELECT lifecycle_stage FROM experiments WHERE name = ?"


def ask_local_registry(home: Path, ask: Callable[[sqlite3.Connection], _Found | None]) -> _Found | None:
    """Return what `ask` finds in the database of `home`; None where MLflow has to be asked."""
    database = database_file(home)
    if any(os.environ.get(each) for each in OTHER_REGISTRIES) or not database.is_file():
        return None
    try:
        with closing(sqlite3.connect(database, timeout=SECONDS_FOR_OTHERS)) as connection:
            if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(REVISION,)]:
                return None
            found = ask(connection)
        return found if not former_homes(database, files_folder(home)) else None
    except sqlite3.Error:  # MLflow's client says what is wrong
        return None


def local_versions_with_tag(home: Path, name: str, tag: str, value: str) -> list[Version] | None:
    """Return the version that has this value in a tag, if there is one; None where MLflow has to be asked."""

    def ask(connection: sqlite3.Connection) -> list[Version] | None:
        rows = connection.execute(_WITH_TAG, (name, tag, value)).fetchall()
        if len(rows) > 1:  # which of them is meant, MLflow says
            return None
        aliases = [alias for number, _ in rows for (alias,) in connection.execute(_ALIASES, (name, number))]
        return [Version(name, int(number), tuple(aliases), str(run)) for number, run in rows]

    return ask_local_registry(home, ask)


def is_local_and_alive(home: Path, experiment: str) -> bool:
    """Return whether the database of `home` can be used, and has not deleted the experiment of this name."""
    stages = ask_local_registry(home, lambda connection: connection.execute(_EXPERIMENTS, (experiment,)).fetchall())
    return stages is not None and set(stages) <= {("active",)}
