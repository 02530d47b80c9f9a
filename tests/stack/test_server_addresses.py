"""Which servers a command speaks to, and one that cannot be spoken to: a sentence before any work."""

import json
import os
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from seqloom.cli import main
from seqloom.errors import UserError
from seqloom.registry.mlflow_tracking import connect
from seqloom.stack.pidfile import RunningStack, announce
from seqloom.stack.prefect_profile import named_server
from seqloom.stack.server_addresses import in_words, prefect_server, require_named_prefect, tell
from tests.flows.conftest import write_workplace

PROFILES = """
active = "{active}"
[profiles.ephemeral]
PREFECT_SERVER_EPHEMERAL_ENABLED = "true"
[profiles.theirs]
PREFECT_API_URL = "{url}"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has set nothing, in a folder of a recipe."""
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "MLFLOW_", "SEQLOOM_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    monkeypatch.chdir(write_workplace(tmp_path))
    return tmp_path / ".seqloom"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def dead() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}/api"


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[object, str, str]]:
    def run(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["seqloom", *arguments])
        with pytest.raises(SystemExit) as stop:
            main.main()
        return (stop.value.code, *capfd.readouterr())

    return run


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        (".env", "PREFECT_API_URL={url}\n", "PREFECT_API_URL in .env"),
        ("prefect.toml", '[api]\nurl = "{url}"\n', "prefect.toml"),
        ("pyproject.toml", '[tool.prefect.api]\nurl = "{url}"\n', "pyproject.toml"),
        ("user/.prefect/profiles.toml", PROFILES.replace("{active}", "theirs"), "your Prefect profile theirs"),
        ("user/.prefect/profiles.toml", PROFILES.replace("{active}", "ephemeral"), ""),
        ("user/.prefect/profiles.toml", PROFILES.replace("{active}", "no such one"), ""),
        ("user/.prefect/profiles.toml", "not [TOML", ""),
    ],
)
def test_a_server_is_found_wherever_prefect_finds_it(file: str, text: str, where: str, tmp_path: Path) -> None:
    assert named_server() is None
    write(tmp_path / file, text.replace("{url}", "http://there/api/"))
    found = named_server()
    assert (found.url, found.where) == ("http://there/api", where) if found else not where


def test_the_nearest_comes_first(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "user" / ".prefect" / "profiles.toml", PROFILES.format(active="theirs", url="http://profile/api"))
    assert in_words(home) == f"Prefect: http://profile/api (your Prefect profile theirs), MLflow: {home}/mlflow.db"
    monkeypatch.setenv("PREFECT_PROFILE", "ephemeral")
    assert in_words(home) == f"Prefect: a server of this command's own, MLflow: {home}/mlflow.db"
    monkeypatch.setenv("PREFECT_API_URL", "http://ann:s3cret@env/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:s3cret@mlflow:5000")
    assert (
        in_words(home) == "Prefect: http://env/api (PREFECT_API_URL), MLflow: http://mlflow:5000 (MLFLOW_TRACKING_URI)"
    )
    home.mkdir()
    announce(home, RunningStack("http://ui", "http://ann:s3cret@env/api", "http://ann:s3cret@mlflow:5000", str(home)))
    assert in_words(home).count("(the stack of this home)") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["history", "a"], "MLflow: http://m (MLFLOW_TRACKING_URI)"),
        (["generate", "models:/a/1", "b"], "MLflow: http://m (MLFLOW_TRACKING_URI)"),
        (["generate", "folder", "b"], ""),
        (["worker", "pool"], "Prefect: http://p/api (PREFECT_API_URL)"),
        (["train", "a.yaml"], ""),  # beside its plan
    ],
)
def test_commands_say_it_on_stderr(
    arguments: list[str], said: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(home, arguments[0], arguments)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("PREFECT_API_URL", "http://p/api")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://m")
    tell(home, arguments[0], arguments)
    assert capsys.readouterr() == ("", f"seqloom: {said}\n" if said else "")


@pytest.mark.parametrize("command", [["train", "recipe.yaml"], ["check", "recipe.yaml"], ["worker", "seqloom-cpu"]])
def test_a_dead_prefect_is_a_sentence_before_any_work(
    command: list[str], dead: str, told: Callable[..., tuple[object, str, str]], home: Path, tmp_path: Path
) -> None:
    write(tmp_path / "user" / ".prefect" / "profiles.toml", PROFILES.format(active="theirs", url=dead))
    code, _, error = told(*command)
    assert code == 2
    assert error.splitlines()[-1].startswith(
        f"seqloom: Prefect at {dead} (your Prefect profile theirs) does not answer"
    )
    assert "prefect profile use" in error
    assert "Traceback" not in error
    assert not home.exists()


@pytest.mark.parametrize(
    ("status", "sentence"), [(401, "does not let us in (401)"), (404, "answers with 404: its address ends in /api")]
)
def test_a_prefect_that_says_no(status: int, sentence: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class No(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    setattr(No, "do_POST", No.do_GET)  # noqa: B010 - the name is the library's
    with ThreadingHTTPServer(("127.0.0.1", 0), No) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(UserError, match=rf"\(PREFECT_API_URL\) {sentence.replace('(', '.').replace(')', '.')}"):
            require_named_prefect(home)
        server.shutdown()


def test_one_of_our_own_is_nobodys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("SEQLOOM_PREFECT_IS_EMBEDDED", "1")
    assert prefect_server(home) is None


def test_an_experiment_that_was_deleted(told: Callable[..., tuple[object, str, str]], home: Path) -> None:
    client = connect(home)
    deleted = client.create_experiment("phrases")
    client.delete_experiment(deleted)
    code, out, error = told("check", "recipe.yaml", "--json")
    assert (code, out) == (2, "")
    assert error == (
        "seqloom: the experiment phrases was deleted in MLflow: bring it back with MLFLOW_TRACKING_URI="
        f"'sqlite:///{home}/mlflow.db' mlflow experiments restore -x {deleted}, or give the recipe another name\n"
    )
    client.restore_experiment(deleted)
    code, out, error = told("check", "recipe.yaml", "--json")
    assert code == 0, error
    assert json.loads(out)["servers"].endswith(f"MLflow: {home}/mlflow.db")


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("http://127.0.0.1:9", "MLflow at http://127.0.0.1:9 does not answer"),
        ("nosuch://x", "MLflow at nosuch://x cannot be used"),
        ("./mlruns", "MLflow at ./mlruns cannot be used"),
    ],
)
def test_a_dead_mlflow_is_a_sentence_before_any_work(
    uri: str,
    sentence: str,
    told: Callable[..., tuple[object, str, str]],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    code, out, error = told("check", "recipe.yaml")
    assert (code, out) == (2, "")
    assert error.splitlines()[-1].startswith(f"seqloom: {sentence}")
    assert "unset MLFLOW_TRACKING_URI" in error
    assert "Traceback" not in error
    assert not home.exists()
