"""What the commands on feedback tell a person to type next can be pasted."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from seqloom.cli import review_commands
from seqloom.cli.main import app
from seqloom.decoding import ensemble_loader, generator_loader
from seqloom.feedback import asked_texts
from seqloom.feedback.review_sample import AskedRow
from seqloom.registry import checkpoint_folder


def test_the_next_command_is_one_though_a_path_has_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder := tmp_path / "a place").mkdir()
    row = AskedRow("a", "b", -1.0, 0.5)
    replaced: list[tuple[Any, str, Any]] = [
        (asked_texts, "read_asked", {"a": "b"}),
        (generator_loader, "load_generator", None),
        (checkpoint_folder, "find_checkpoint", folder),
        (review_commands, "_answered", [row]),
        (ensemble_loader, "export_ensemble", None),
    ]
    for module, name, value in replaced:
        monkeypatch.setattr(module, name, lambda *_, value=value: value)
    review, log = str(folder / "review.csv"), str(folder / "the log")
    told = CliRunner().invoke(app, ["review", "models:/m@champion", "--log", log, "--to", review])
    *_, command = told.stdout.splitlines()
    assert shlex.split(command) == ["seqloom", "corrections", review, "--log", log, "--to", "corrections.jsonl"]
    told = CliRunner().invoke(app, ["ensemble", "models:/m/1", "models:/m/2", "--to", str(folder)])
    *_, command = told.stdout.splitlines()
    assert shlex.split(command) == ["seqloom", "generate", str(folder), "some text"]
