"""What the embedded registry is asked without MLflow is what MLflow answers, or is left to MLflow."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seqloom.artifact.cache_key import REGISTRY
from seqloom.artifact.home_folder import database_file
from seqloom.registry.local_registry import REVISION, is_local_and_alive, local_versions_with_tag
from seqloom.registry.mlflow_access import require_mlflow
from seqloom.registry.mlflow_database import current_revision
from seqloom.registry.mlflow_tracking import connect, experiment_id
from seqloom.registry.registered_version import KEY_TAG, VERDICT_KEY_TAG, Version
from seqloom.registry.run_plan import _registered
from seqloom.registry.tracking_uri import files_folder
from seqloom.registry.versions import find_by_key

NAME = "asked directly ü"


@pytest.fixture(scope="module")
def registered(home: Path) -> MlflowClient:
    """Versions 1 to 4 of a model, two of them with the same verdict, one deleted; and one of a model beside it."""
    client = connect(home)
    for name in (NAME, "beside it"):
        client.create_registered_model(name)
    run = client.create_run(experiment_id(client, NAME, home)).info.run_id
    (files_folder(home) / NAME).mkdir(parents=True)  # of its runs: a copied database alone is no moved home
    for key, verdict in (("first", "same"), ("second", "same"), ("third", "single"), ("fourth", "gone")):
        made = {KEY_TAG: key, VERDICT_KEY_TAG: verdict}
        client.create_model_version(NAME, str(home), run, tags=made)
    client.create_model_version("beside it", str(home), tags={KEY_TAG: "beside"})
    for alias, number in (("champion", "2"), ("approved", "2"), ("challenger", "3")):
        client.set_registered_model_alias(NAME, alias, number)
    client.delete_model_version(NAME, "4")
    return client


def test_the_tables_are_those_of_the_installed_mlflow() -> None:
    assert current_revision() == REVISION, "compare model_versions, its tags and aliases, and set the new revision"


@pytest.mark.parametrize("name", [NAME, "beside it", "nobody"])
@pytest.mark.parametrize("tag", [KEY_TAG, VERDICT_KEY_TAG])
@pytest.mark.parametrize("value", ["first", "First", "second", "third", "fourth", "beside", "single", "gone"])
def test_a_version_is_found_as_mlflow_finds_it(
    registered: MlflowClient, home: Path, name: str, tag: str, value: str
) -> None:
    found = find_by_key(registered, name, value, tag)
    assert local_versions_with_tag(home, name, tag, value) == ([found] if found else [])


def test_a_plan_finds_a_version_without_mlflow(
    registered: MlflowClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "seqloom.registry.mlflow_tracking", None)  # whoever imports it gets an error
    assert [_registered(NAME, REGISTRY, key, home) for key in ("none", "third")] == [
        None,
        Version(NAME, 3, ("challenger",), registered.get_model_version(NAME, "3").run_id),
    ]


@pytest.mark.usefixtures("registered")
def test_which_of_two_is_meant_mlflow_says(home: Path) -> None:
    assert local_versions_with_tag(home, NAME, VERDICT_KEY_TAG, "same") is None


def test_an_experiment_is_alive_as_mlflow_says(registered: MlflowClient, home: Path) -> None:
    gone = "an experiment that was deleted"
    registered.delete_experiment(registered.create_experiment(gone))
    alive = {name: is_local_and_alive(home, name) for name in (NAME, "not yet there", gone)}
    assert alive == {NAME: True, "not yet there": True, gone: False}
    for name in (NAME, "not yet there"):
        require_mlflow(home, name)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_WORKSPACE"])
def test_a_server_is_asked_by_mlflow(home: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert local_versions_with_tag(home, NAME, KEY_TAG, "first") is None
    assert not is_local_and_alive(home, NAME)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    "change", ["UPDATE alembic_version SET version_num = 'another'", "DROP TABLE registered_model_aliases"]
)
def test_another_database_is_for_mlflow(home: Path, tmp_path: Path, change: str) -> None:
    shutil.copy(database_file(home), database_file(tmp_path))
    assert local_versions_with_tag(tmp_path, NAME, KEY_TAG, "second")
    with closing(sqlite3.connect(database_file(tmp_path))) as connection, connection:
        connection.execute(change)
    assert local_versions_with_tag(tmp_path, NAME, KEY_TAG, "second") is None


def test_a_moved_home_and_one_without_a_registry_are_for_mlflow(home: Path, tmp_path: Path) -> None:
    assert not is_local_and_alive(tmp_path, NAME)
    shutil.copytree(home, tmp_path / "moved")
    assert not is_local_and_alive(tmp_path / "moved", NAME)
