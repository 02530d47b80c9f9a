"""After a clean-up every registered version is still made of cached stages; what only a deleted one needed goes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from seqloom.artifact.store import Store
from tests.flows.conftest import Run, environment

RATE = ("-o", "training.learning_rate=5e-3")
Told = Callable[..., dict[str, Any]]


@pytest.fixture
def told(workplace: Path, tmp_path: Path) -> Told:
    """The command line with a home of its own."""
    env = {**environment(workplace), "SEQLOOM_HOME": str(tmp_path), "PREFECT_HOME": str(workplace / ".seqloom/prefect")}

    def run(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "flows.command_line", *arguments, "--json"]
        done = subprocess.run(command, cwd=workplace, env=env, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        outcome: dict[str, Any] = json.loads(done.stdout)
        return outcome

    return run


def test_versions_keep_what_they_need(told: Told, tmp_path: Path) -> None:
    told("train", "recipe.yaml")
    told("train", "recipe.yaml", *RATE)
    store = Store(tmp_path)
    stray = store.build("corpus", "s" * 64, lambda folder: {"bytes": (folder / "x").write_bytes(bytes(5000))}).path
    work = store.workspace("training", "w" * 64)
    leftover = store.root / "batches" / f".{'l' * 32}-abc"
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

    MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").delete_model_version("phrases", "2")
    assert told("clean-up", "--days", "1")["folders"] == [], "its run is still recent"
    gone = told("clean-up", "--days", "0", "--delete")["folders"]
    assert [Path(folder).parent.name for folder in sorted(gone)] == ["evaluation", "training"]
    assert set(told("train", "recipe.yaml")["stages"].values()) == {"cached"}


def grow_old(store: Store) -> None:
    for path in [*store.root.glob("*/*/manifest.json"), *store.root.glob("*/*")]:
        os.utime(path, (1e9, 1e9))


@pytest.mark.usefixtures("first")
def test_without_a_registry_nobody_can_tell(seqloom: Run, workplace: Path) -> None:
    database = workplace / ".seqloom" / "mlflow.db"
    database.rename(database.with_suffix(".away"))
    try:
        done = seqloom("clean-up", "--days", "0", "--delete")
    finally:
        database.with_suffix(".away").rename(database)
    assert done.returncode == 2
    assert "there is no registry at" in done.stderr
    assert done.stderr.count("\n") == 1
