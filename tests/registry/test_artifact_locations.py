"""A home that was moved, renamed or copied answers, and never writes where it was."""

import shutil
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from seqloom.artifact.digest import digest_of_folder
from seqloom.artifact.home_folder import database_file
from seqloom.errors import UserError
from seqloom.registry import artifact_locations
from seqloom.registry.mlflow_tracking import connect, experiment_id
from seqloom.registry.tracking_uri import files_folder

OTHERS = "somebody else's"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run, a model and its version, and an experiment that its user keeps elsewhere."""
    folder = tmp_path_factory.mktemp("places")
    home = folder / "mlflow" / "a home ü%20's"
    client = connect(home)
    experiment = experiment_id(client, "moddel", home)
    run = client.create_run(experiment).info
    client.log_dict(run.run_id, {"a": 1}, "a.json")
    client.log_dict(run.run_id, {"a": 1}, "model/a.json")
    client.create_registered_model("moddel")
    client.create_model_version("moddel", f"{run.artifact_uri}/model", run.run_id)
    elsewhere = client.create_experiment(OTHERS, (folder / "data" / "mlflow" / OTHERS).as_uri())
    client.log_dict(client.create_run(elsewhere).info.run_id, {"b": 2}, "b.json")
    experiment_id(client, "without a run yet", home)
    return home


def answers(client: MlflowClient, home: Path) -> None:
    """Its files are found, and everything that it may write to lies in it."""
    run = client.search_runs([experiment_id(client, "moddel", home)])[-1]
    assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/a.json") == {"a": 1}
    version = client.get_model_version("moddel", "1")
    fetched = Path(mlflow.artifacts.download_artifacts(client.get_model_version_download_uri("moddel", "1")))
    assert str(fetched / "a.json").startswith(str(home))
    assert version.source.startswith(home.as_uri())
    for experiment in client.search_experiments():
        outside = experiment.name == OTHERS
        assert experiment.artifact_location.startswith(files_folder(home).as_uri()) is not outside
        if not outside:
            added = client.create_run(experiment.experiment_id)
            client.log_dict(added.info.run_id, {}, "new.json")


@pytest.mark.parametrize("name", ["moved", "mlflow/a home ü%20's/mlflow/deep", "mlflow/a home ü%20's 2", "_%"])
def test_a_copy_answers_and_the_original_stays_as_it_was(trained: Path, tmp_path: Path, name: str) -> None:
    before, copy = digest_of_folder(trained.parent), tmp_path / name
    shutil.copytree(trained, copy)
    answers(connect(copy), copy)
    assert digest_of_folder(trained.parent) == before
    again = tmp_path / "again"
    shutil.move(copy, again)  # and where it was is not made again
    answers(connect(again), again)
    assert not copy.exists()


def test_it_is_told_once(trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(trained, tmp_path / "copy")
    for _ in range(2):
        connect(tmp_path / "copy")
    assert [record.getMessage() for record in caplog.records] == [
        f"this home was moved or copied from {trained}: its runs and models are at home here"
    ]


def test_another_name_of_the_same_home_is_no_move(trained: Path, tmp_path: Path) -> None:
    before = database_file(trained).read_bytes()
    (tmp_path / "link").symlink_to(trained)
    connect(tmp_path / "link")
    assert database_file(trained).read_bytes() == before


def test_one_that_cannot_be_told_so_is_a_sentence(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(trained, tmp_path / "copy"))
    monkeypatch.setattr(artifact_locations, "ADDRESSES", (("no_such_table", "address"),))  # root writes to everything
    with pytest.raises(UserError, match=r"was moved from .*, and cannot be told so .*who may write there"):
        connect(copy)
