"""The password of a home, and who is told."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seqloom.errors import UserError
from seqloom.stack.layout import Layout
from seqloom.stack.mlflow_app import AUTH_STRING
from seqloom.stack.mlflow_server import HOSTS, ORIGINS, allowed
from seqloom.stack.password import auth_string, known_auth_string, password_file
from seqloom.stack.pidfile import RunningStack, announce, join

CLIENT = ("PREFECT_API_AUTH_STRING", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
SERVER = "PREFECT_SERVER_API_AUTH_STRING"


def running_in(home: Path, mlflow_asks: bool) -> RunningStack:
    return RunningStack("http://127.0.0.1:1", "http://127.0.0.1:1/api", "http://127.0.0.1:2", str(home), mlflow_asks)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CLIENT, SERVER, HOSTS, ORIGINS, "PREFECT_API_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    assert known_auth_string(tmp_path) == ""
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(auth_string, [tmp_path] * 8))
    assert made == {known_auth_string(tmp_path)}
    user, _, password = made.pop().partition(":")
    assert user == "seqloom"
    assert len(password) >= 32
    assert stat.S_IMODE(password_file(tmp_path).stat().st_mode) == 0o600


def test_one_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    password_file(tmp_path).write_text("ann:known\n")
    password_file(tmp_path).chmod(0o644)
    assert auth_string(tmp_path) == "ann:known"
    assert stat.S_IMODE(password_file(tmp_path).stat().st_mode) == 0o600


def test_one_that_is_none(tmp_path: Path) -> None:
    password_file(tmp_path).write_text("known\n")
    with pytest.raises(UserError, match="is not USER:PASSWORD; remove it"):
        auth_string(tmp_path)


def test_the_users_own_is_taken_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVER, "ann:own")
    assert auth_string(tmp_path) == "ann:own"
    assert not password_file(tmp_path).exists()


@pytest.mark.parametrize("mlflow_asks", [False, True])
def test_servers_and_clients_are_told_and_nobody_else(
    tmp_path: Path, mlflow_asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER, "ann:own")
    layout = Layout(tmp_path, 4200, 5000, auth_string="ann:own", mlflow_asks=mlflow_asks)
    assert "own" not in repr(layout).replace("own_", "")
    assert layout.prefect().environment[SERVER] == "ann:own"
    assert layout.mlflow().environment.get(AUTH_STRING) == ("ann:own" if mlflow_asks else None)
    worker = layout.worker("seqloom-cpu").environment
    assert {SERVER, AUTH_STRING} & worker.keys() == set()
    wanted = ("ann:own", "ann", "own") if mlflow_asks else ("ann:own", None, None)
    assert tuple(worker.get(name) for name in CLIENT) == wanted


@pytest.mark.parametrize(
    ("mine", "told"),
    [("", True), ("http://localhost:1/api", True), ("http://prefect.example/api", False)],
)
def test_a_command_has_the_password_for_the_stack_and_for_no_other_server(
    tmp_path: Path, mine: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mine:
        monkeypatch.setenv("PREFECT_API_URL", mine)
    known = auth_string(tmp_path)
    announce(tmp_path, running_in(tmp_path, mlflow_asks=True))
    join(tmp_path)
    assert os.environ.get("PREFECT_API_AUTH_STRING") == (known if told else None)
    assert os.environ["MLFLOW_TRACKING_PASSWORD"] == known.partition(":")[2]


def test_a_stack_from_before_there_were_passwords(tmp_path: Path) -> None:
    announce(tmp_path, running_in(tmp_path, mlflow_asks=False))
    file = tmp_path / "stack.json"
    file.write_text(file.read_text().replace(', "mlflow_asks": false', ""))
    join(tmp_path)
    assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert not set(CLIENT) & os.environ.keys()


def test_mlflow_answers_to_this_machine_and_to_what_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    own = allowed(5000)
    assert own[ORIGINS] == "http://127.0.0.1:5000,http://localhost:5000"
    assert own[HOSTS] == "127.0.0.1,127.0.0.1:*,localhost,localhost:*"
    monkeypatch.setenv(HOSTS, "mlflow.example.org")
    monkeypatch.setenv(ORIGINS, "https://mlflow.example.org")
    assert allowed(5000) == {name: f"{os.environ[name]},{value}" for name, value in own.items()}
