"""One MLflow for all tests of the registry, in a home with a space and an umlaut: each test takes names of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import mlflow
import pytest
from mlflow import MlflowClient

from seqloom.registry.mlflow_tracking import connect
from tests.registry.tiny import write_checkpoint

VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


@pytest.fixture(scope="package", autouse=True)
def _no_server_of_the_user() -> Iterator[None]:
    with patch.dict(os.environ):
        for name in VARIABLES:
            os.environ.pop(name, None)
        yield
    mlflow.set_tracking_uri(None)


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory, _no_server_of_the_user: None) -> Path:
    return tmp_path_factory.mktemp("registry") / "a folder ü"


@pytest.fixture
def client(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.chdir(tmp_path)  # where MLflow would leave its mlruns
    return connect(home)


@pytest.fixture(scope="package")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint ü"))
