"""history, promote, rollback and show, as they are typed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seqloom.artifact.home_folder import database_file
from seqloom.cli import main
from seqloom.registry.mlflow_tracking import connect

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """The command line on a registry with one model of two versions."""
    monkeypatch.chdir(tmp_path)
    for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["seqloom", *arguments])
        with pytest.raises(SystemExit) as stop:
            main.main()
        assert isinstance(stop.value.code, int)
        return (stop.value.code, *capfd.readouterr())

    return run


@pytest.fixture
def two_versions(tmp_path: Path, typed: Typed, new_registry: Path) -> Typed:
    (tmp_path / "home").mkdir()
    shutil.copyfile(new_registry, database_file(tmp_path / "home"))
    client = connect(tmp_path / "home")
    client.create_registered_model("a-b")
    for _ in range(2):
        client.create_model_version("a-b", tmp_path.as_uri())
    return typed


def test_a_story_told_by_hand(two_versions: Typed) -> None:
    run = two_versions
    assert run("promote", "a-b", "1", "--why", "the first")[:2] == (0, "models:/a-b@champion is version 1\n")
    code, out, _ = run("promote", "a-b", "2", "--why", "better", "--json")
    assert (code, json.loads(out)["to"], json.loads(out)["origin"]) == (0, 2, 1)
    code, out, _ = run("rollback", "a-b", "--why", "rude")
    assert (code, out) == (0, "models:/a-b@champion is version 1, and not version 2 any more\n")
    code, out, _ = run("history", "a-b", "--json")
    events = json.loads(out)["events"]
    assert [event["why"] for event in events if event["what"] == "champion"] == ["the first", "better", "rude"]
    code, out, _ = run("history", "a-b")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 5)
    assert lines[-1].endswith(": rude")
    assert "version 1 became champion in place of version 2" in lines[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["history", "no-such"], "there is no registered model no-such; registered are: a-b"),
        (["promote", "a-b", "7", "--why", "x"], "model a-b has no version 7; it has versions 1, 2"),
        (["promote", "a-b", "1", "--why", ""], "--why is empty"),
        (["rollback", "a-b", "--why", "x"], "has no previous champion"),
        (["export", "models:/a-b/1", "--format", "torch"], "--format torch is what a model is already: add"),
        (["export", "models:/a-b/9", "--format", "ctranslate2"], "model a-b has no version 9"),
        (["generate", "models:/a-b/9", "--backend", "torch-int8", "a"], "model a-b has no version 9"),
        (
            ["generate", "a folder", "--backend", "torch-int8", "a"],
            "a folder is a folder, which has the backend it has",
        ),
        (["show", "models:/a-b/1"], "has no card: it was not made by Seqloom"),
        (["show", "models:/a-b@champion"], "has no alias champion"),
        (["show", "a-b"], "is not a model; write models:/NAME@ALIAS, models:/NAME/VERSION"),
    ],
)
def test_a_mistake_is_one_sentence(two_versions: Typed, arguments: list[str], sentence: str) -> None:
    code, out, err = two_versions(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("seqloom: ")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["history", "a"], ["rollback", "a", "--why", "x"], ["show", "models:/a/1"]])
def test_without_a_registry(typed: Typed, tmp_path: Path, arguments: list[str]) -> None:
    code, _, err = typed(*arguments)
    assert code == 2
    assert "there is no registry at" in err
    assert not (tmp_path / "home").exists()
