"""A version is found in the embedded registry without MLflow, and by MLflow wherever that says more."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seqloom.artifact.home_folder import database_file
from seqloom.errors import UserError
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.local_version import LocalVersion, read_local_version
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.model_uri import download, find_version
from seqloom.registry.versions import register_version
from tests.registry.tiny import corpus, evaluation, recipe_named

NAME = "read-directly"


@pytest.fixture(scope="module")
def two(home: Path, checkpoint: Path) -> MlflowClient:
    """Two versions, the first champion."""
    client, recipe = connect(home), recipe_named(NAME)
    for key in ("first", "second"):
        run_id = open_run(client, recipe, key, FlowRun("flow", "flow"), corpus(), home)
        register_version(client, recipe, run_id, key, checkpoint, evaluation())
    client.set_registered_model_alias(NAME, "champion", "1")
    return client


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("end", ["/1", "/2", "/02", "@champion", "@challenger"])
def test_it_is_what_mlflow_says(home: Path, end: str) -> None:
    told = find_version(f"models:/{NAME}{end}", home)
    expected = LocalVersion(told.name, str(told.version), told.tags, download(told))
    assert read_local_version(f"models:/{NAME}{end}", home) == expected


@pytest.mark.usefixtures("two")
def test_a_command_asks_a_local_version_without_mlflow(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seqloom.registry.model_uri", None)  # whoever imports it gets an error
    folder = find_checkpoint(f"models:/{NAME}@champion", home)
    assert (folder / "weights.safetensors").is_file()


@pytest.mark.usefixtures("two")
def test_a_file_that_was_changed_is_refused_without_mlflow_too(home: Path) -> None:
    folder = find_checkpoint(f"models:/{NAME}/2", home)
    weights, kept = folder / "weights.safetensors", (folder / "weights.safetensors").read_bytes()
    weights.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    try:
        with pytest.raises(UserError, match="is damaged: checkpoint/weights"):
            find_checkpoint(f"models:/{NAME}/2", home)
    finally:
        weights.write_bytes(kept)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("end", ["/3", "/99999999999999999999", "@nobody", "@latest", "@Latest", "", "@a@b"])
def test_what_is_not_there_is_for_mlflow_to_say(home: Path, end: str) -> None:
    assert read_local_version(f"models:/{NAME}{end}", home) is None


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"])
def test_a_server_is_asked_by_mlflow(home: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert read_local_version(f"models:/{NAME}/1", home) is None


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alembic_version SET version_num = 'of another MLflow'",
        "UPDATE model_versions SET current_stage = 'Deleted_Internal'",
        "UPDATE model_versions SET storage_location = 's3://bucket/model', source = 's3://bucket/model'",
        "DROP TABLE model_version_tags",
    ],
)
def test_another_database_is_for_mlflow(home: Path, tmp_path: Path, change: str) -> None:
    copy = tmp_path / "home"
    copy.mkdir()
    shutil.copy(database_file(home), database_file(copy))
    assert read_local_version(f"models:/{NAME}/1", copy) is not None
    with closing(sqlite3.connect(database_file(copy))) as connection, connection:
        connection.execute(change)
    assert read_local_version(f"models:/{NAME}/1", copy) is None


@pytest.mark.usefixtures("two")
def test_a_moved_home_is_brought_home_first(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "moved"
    shutil.copytree(home, copy)
    assert read_local_version(f"models:/{NAME}/1", copy) is None
    assert find_checkpoint(f"models:/{NAME}/1", copy).is_relative_to(copy)
    moved = read_local_version(f"models:/{NAME}/1", copy)
    assert moved is not None
    assert moved.folder.is_relative_to(copy)
