"""The real command line on the small corpus in data/, in a folder with a space in its name."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mlflow
import pytest
from filelock import FileLock

from seqloom.artifact.home_folder import database_file
from seqloom.registry.artifact_locations import bring_home
from seqloom.registry.mlflow_tracking import make_database
from seqloom.stack.embedded_prefect import EmbeddedPrefect
from tasks.prefect_client import EMBEDDED
from tests.flows.command_process import Done, command, script
from tests.flows.user_modules import KEPT, modules_of_a_user

DATA = Path(__file__).parents[2] / "data" / "phrases.tsv"
RECIPE = """
name: phrases
corpus: {train: [phrases.tsv], source_language: en, target_language: de}
vocabulary: {kind: word, size: 400}
vectors: {width: 16, epochs: 1}
model: {encoder: lstm, decoder: lstm, attention: additive, encoder_width: 16, decoder_width: 16, dropout: 0.0}
training: {epochs: 2, batch_tokens: 512, learning_rate: 0.01}
decoding: {beam_size: 2, max_length: 20}
registry: {beat_baselines: false}
"""
DATABASE, UNUSED = "prefect.db", "unused.db"  # of Prefect, and as it was before anything ran
PLANTED = "planted-s3cret-do-not-log"
SECRETS = (  # MLFLOW_TRACKING_USERNAME is none: MLflow itself writes it to the run, as the user who made it
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
    "AWS_SECRET_ACCESS_KEY",
    "HF_TOKEN",
)

Run = Callable[..., Done]


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workplace(tmp_path_factory.mktemp("a work place ü"))


@contextmanager
def made_once(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Where a file lies that the processes of `make test` share; while it is made the others wait."""
    own = tmp_path_factory.getbasetemp()
    file = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    with FileLock(f"{file}.lock"):
        yield file


@pytest.fixture(scope="session")
def new_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of an MLflow that nobody has used, which takes seconds to make."""
    with made_once(tmp_path_factory, "unused-mlflow.db") as unused:
        if not unused.exists():
            home = tmp_path_factory.mktemp("registry")
            with patch.dict(os.environ):
                os.environ.pop("MLFLOW_TRACKING_URI", None)
                make_database(home)
            mlflow.set_tracking_uri(None)
            shutil.copyfile(database_file(home), unused)
        return unused


@pytest.fixture
def own_place(tmp_path: Path, new_registry: Path) -> Path:
    """As `workplace`, for one test alone."""
    return write_place(tmp_path, new_registry)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory, new_registry: Path, prefect: dict[str, str]) -> Path:
    """A place of its own in which the recipe was trained."""
    folder = write_place(tmp_path_factory.mktemp("trained once"), new_registry)
    done = command("train", "recipe.yaml", cwd=folder, env=environment(folder) | prefect).wait()
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def trained_place(tmp_path: Path, trained_once: Path) -> Path:
    """As `own_place`, with version 1 of the recipe: a copy, which takes less than another training."""
    return shutil.copytree(trained_once, tmp_path, dirs_exist_ok=True)


def write_workplace(folder: Path) -> Path:
    (folder / "phrases.tsv").write_bytes(DATA.read_bytes())
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return folder


def write_place(folder: Path, registry: Path) -> Path:
    """A workplace whose home has the registry, which nobody has used."""
    home = write_workplace(folder) / ".seqloom"
    home.mkdir(0o700)
    shutil.copyfile(registry, database_file(home))
    bring_home(database_file(home), home / "mlflow")  # or the first command would say that the home was moved
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Of a user who has nothing but a home in `folder`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    return {**ours, "SEQLOOM_HOME": str(folder / ".seqloom"), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An embedded Prefect for all commands that need not start their own: what to add to their environment."""
    with patch.dict(os.environ, PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1"):
        home = tmp_path_factory.mktemp("prefect")
        os.environ["PREFECT_HOME"] = str(home)
        with made_once(tmp_path_factory, "unused-prefect.db") as unused:
            if unused.exists():
                shutil.copyfile(unused, home / DATABASE)
            server = EmbeddedPrefect(home)
            server.wait()
            if not unused.exists():
                with closing(sqlite3.connect(home / DATABASE)) as used, closing(sqlite3.connect(unused)) as copy:
                    used.backup(copy)
    shutil.copyfile(unused, home / UNUSED)
    told = {"PREFECT_API_URL": server.url, "PREFECT_API_AUTH_STRING": server.auth_string}
    yield {**told, "PREFECT_HOME": str(home), EMBEDDED: "1"}
    server.stop()


@pytest.fixture
def _prefect_database(own_place: Path, prefect: dict[str, str]) -> None:
    """For a command in `own_place` that starts a Prefect of its own: it takes seconds to make."""
    give_database(own_place, prefect)


def give_database(folder: Path, prefect: dict[str, str]) -> None:
    """Put a Prefect's database that nobody has used into the home in `folder`."""
    home = folder / ".seqloom" / "prefect"
    home.mkdir(0o700, parents=True)
    home.parent.chmod(0o700)
    shutil.copyfile(Path(prefect["PREFECT_HOME"], UNUSED), home / DATABASE)


@pytest.fixture(scope="session")
def seqloom(workplace: Path, prefect: dict[str, str]) -> Run:
    """`seqloom ARGUMENT…` in the workplace."""
    env = environment(workplace) | prefect

    def run(*arguments: str, stdin: bytes = b"") -> Done:
        return command(*arguments, cwd=workplace, env=env, stdin=stdin).wait()

    return run


@pytest.fixture(scope="session")
def first(workplace: Path) -> dict[str, Any]:
    """What the first training of the recipe printed: a real process, with secrets about and a Prefect that it starts.

    That Prefect makes its database, and the folder holds modules of the user's own, which nothing imports.
    """
    env = environment(workplace) | dict.fromkeys(SECRETS, PLANTED)
    with modules_of_a_user(workplace):
        done = script("train", "recipe.yaml", "--json", cwd=workplace, env=env)
    assert done.returncode == 0, done.stderr
    assert PLANTED not in done.stdout + done.stderr
    assert KEPT not in done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome
