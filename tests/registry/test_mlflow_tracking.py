import os
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.rest_utils import verify_rest_response

from seqloom.errors import UserError
from seqloom.registry.mlflow_access import refusal, require_mlflow
from seqloom.registry.mlflow_tracking import connect, experiment_id
from seqloom.registry.tracking_uri import tracking_uri


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


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, "You are not authenticated.", "wants a right password for ann: set MLFLOW_TRACKING_USERNAME"),
        (403, "Permission denied", "refuses this (Permission denied): ask whoever runs it for EDIT"),
        (403, "Invalid Host header - possible", "does not answer to this name: add 127.0.0.1:9 to its --allowed-hosts"),
        (503, "busy", ""),
    ],
)
def test_a_no_of_mlflow_is_a_sentence(
    status: int, body: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = requests.Response()
    response.status_code, response._content = status, body.encode()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setattr(
        MlflowClient, "search_experiments", lambda *_, **__: verify_rest_response(response, "/api/2.0/mlflow/x")
    )
    if not sentence:
        require_mlflow(tmp_path, "a", patient=True)  # it may be well again when it is needed
        return
    with pytest.raises(UserError) as caught:
        require_mlflow(tmp_path, "a", patient=True)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


def test_whoever_has_no_server_is_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    require_mlflow(tmp_path / "home", "a")
    assert not (tmp_path / "home").exists()


def test_what_was_deleted_in_between_is_a_sentence(client: MlflowClient, home: Path) -> None:
    """At the end of a training its experiment may have gone, and its run with it."""
    experiment = experiment_id(client, "deleted", home)
    run = client.create_run(experiment).info.run_id
    client.delete_experiment(experiment)
    with pytest.raises(UserError, match="the experiment deleted was deleted in MLflow: bring it back"):
        experiment_id(client, "deleted", home)
    with pytest.raises(UserError, match=f"restore -x {experiment}, or give the recipe another name"):
        require_mlflow(home, "deleted", patient=True)
    for call in (
        lambda: client.log_metric(run, "a", 1.0),
        lambda: client.create_run(experiment),
        lambda: client.set_terminated(run, "FINISHED"),
    ):
        with pytest.raises(MlflowException) as caught:
            call()
        assert "what this needs was deleted there" in refusal(caught.value)
