import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from seqloom.registry.ui_links import run_url, serve_command, server_command, version_url
from seqloom.shell_command import shell_word

HOME = Path("/home/of seqloom")


@pytest.mark.parametrize(
    ("uri", "server"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://name:secret@mlflow.example/below/", "https://mlflow.example/below"),
    ],
)
def test_a_server_has_pages(uri: str, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    client = Mock()
    client.get_run().info.experiment_id = "7"
    assert run_url(client, "abc", HOME) == f"{server}/#/experiments/7/runs/abc?workflowType=machine_learning"
    assert version_url("a.b_c", 3, HOME) == f"{server}/#/models/a.b_c/versions/3?workflowType=machine_learning"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("", "sqlite:////home/of seqloom/mlflow.db"),
        ("postgresql://name:secret@host:5432/mlflow", "postgresql://host:5432/mlflow"),
    ],
)
def test_without_one_there_is_a_command(uri: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert run_url(Mock(), "abc", HOME) == version_url("a", 1, HOME) == ""
    assert server_command(HOME) == f"mlflow server --backend-store-uri {shell_word(shown)}"


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("uri", ["", "http://127.0.0.1:5000"])
def test_the_command_that_serves_says_what_the_shell_lacks(
    monkeypatch: pytest.MonkeyPatch, uri: str, active: bool
) -> None:
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("PATH", f"/bin:{scripts}" if active else "/bin")
    command = serve_command("a-b", HOME)
    assert command.endswith("mlflow models serve -m models:/a-b@champion --env-manager local --port 5001")
    assert (f"PATH={shell_word(scripts)}:$PATH " in command) == (not active)
    assert command.startswith(f"MLFLOW_TRACKING_URI='sqlite:///{HOME}/mlflow.db' ") == (not uri)
