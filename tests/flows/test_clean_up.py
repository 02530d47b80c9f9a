"""After a clean-up every registered version is still made of cached stages; what only a deleted one needed goes."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from seqloom.artifact.artifact_store import Store
from tests.flows.command_process import command, real
from tests.flows.conftest import environment

RATE = ("-o", "training.learning_rate=5e-3")
Told = Callable[..., dict[str, Any]]


@pytest.fixture
def told(trained_place: Path, prefect: dict[str, str]) -> Told:
    """The command line with a home of its own."""
    env = environment(trained_place) | prefect

    def run(*arguments: str) -> dict[str, Any]:
        done = command(*arguments, "--json", cwd=trained_place, env=env).wait()
        assert done.returncode == 0, done.stderr
        outcome: dict[str, Any] = json.loads(done.stdout)
        return outcome

    return run


def test_versions_keep_what_they_need(told: Told, trained_place: Path) -> None:
    told("train", "recipe.yaml", *RATE)
    home = trained_place / ".seqloom"
    store = Store(home)
    stray = store.build("corpus", "s" * 64, lambda folder: {"bytes": (folder / "x").write_bytes(bytes(5000))}).path
    work = store.workspace("training", "w" * 64)
    leftover = store.root / "dataset" / f".{'l' * 32}-abc"
    leftover.mkdir()
    grow_old(store)
    folders = set(store.root.glob("*/*"))

    dry = told("clean-up")
    assert set(dry["folders"]) == {str(stray), str(work), str(leftover)}
    assert not dry["deleted"]
    assert set(store.root.glob("*/*")) >= folders, "a dry run touches nothing"
    assert dry["shares"][0]["bytes"] >= 5000

    done = told("clean-up", "--days", "0", "--delete")
    assert set(done["folders"]) == set(dry["folders"])
    assert not any(folder.exists() for folder in (stray, work, leftover))
    for override in ((), RATE):
        assert set(told("train", "recipe.yaml", *override)["stages"].values()) == {"cached"}
    assert told("clean-up", "--days", "0")["folders"] == []

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    client.delete_model_version("phrases", "2")
    assert told("clean-up", "--days", "1")["folders"] == [], "its run is still recent"
    gone = told("clean-up", "--days", "0", "--delete")["folders"]
    assert [Path(folder).parent.name for folder in sorted(gone)] == ["evaluation", "training"]
    assert set(told("train", "recipe.yaml")["stages"].values()) == {"cached"}

    run_id = client.get_model_version("phrases", "1").run_id
    client.delete_run(run_id)
    client._tracking_client.store._hard_delete_run(run_id)  # as `mlflow gc` does: the version stays, and what it needs
    assert told("clean-up", "--days", "0")["folders"] == []
    assert set(told("train", "recipe.yaml")["stages"].values()) == {"cached"}


def grow_old(store: Store) -> None:
    for path in [*store.root.glob("*/*/manifest.json"), *store.root.glob("*/*")]:
        os.utime(path, (1e9, 1e9))


def test_without_a_registry_nobody_can_tell(tmp_path: Path) -> None:
    (tmp_path / ".seqloom").mkdir(0o700)  # or the command would say first that others could read it
    stage = Store(tmp_path / ".seqloom").build(
        "corpus", "s" * 64, lambda folder: {"bytes": (folder / "x").write_bytes(b"")}
    )
    done = real("clean-up", "--days", "0", "--delete", cwd=tmp_path, env=environment(tmp_path))
    assert stage.path.exists()
    assert done.returncode == 2
    assert "there is no registry at" in done.stderr
    assert done.stderr.count("\n") == 1
