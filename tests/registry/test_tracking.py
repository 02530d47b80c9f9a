import os
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from seqloom.registry.tracking import connect, experiment_id, tracking_uri


def test_a_new_home_is_made_with_its_parents(tmp_path: Path) -> None:
    assert connect(tmp_path / "deep" / "a b").tracking_uri == f"sqlite:///{tmp_path}/deep/a b/mlflow.db"
    assert (tmp_path / "deep" / "a b").is_dir()


def test_ours_does_not_pass_for_the_users(client: MlflowClient, home: Path, tmp_path: Path) -> None:
    """MLflow writes the variable by which users name their server; two homes in one process stay two."""
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert connect(tmp_path).tracking_uri != client.tracking_uri
    assert connect(home).tracking_uri == client.tracking_uri == mlflow.get_tracking_uri()


def test_the_users_own_comes_first(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = f"sqlite:///{tmp_path}/theirs.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", theirs)
    assert tracking_uri(home) == connect(home).tracking_uri == theirs
    assert os.environ["MLFLOW_TRACKING_URI"] == theirs


def test_files_of_an_experiment_lie_in_the_home(client: MlflowClient, home: Path) -> None:
    made = experiment_id(client, "files", home)
    assert experiment_id(client, "files", home) == made
    run = client.create_run(made)
    client.log_dict(run.info.run_id, {"a": 1}, "a.json")
    assert list((home / "mlflow" / "files").rglob("a.json"))
    assert not list(Path.cwd().iterdir())
