"""kill -9 of `seqloom train`: the server it started goes with it."""

import subprocess
import sys
from pathlib import Path

import psutil

from tests.flows.conftest import DATA, RECIPE, environment
from tests.survival.stack import until
from tests.survival.test_kills import is_gone


def test_nothing_is_left_of_a_killed_command(tmp_path: Path) -> None:
    (tmp_path / "phrases.tsv").write_bytes(DATA.read_bytes())
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    command = subprocess.Popen(
        [sys.executable, "-m", "flows.command_line", "train", "recipe.yaml"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    database = tmp_path / ".seqloom" / "prefect" / "prefect.db"
    until(database.exists, "the start of the server")
    children = psutil.Process(command.pid).children(recursive=True)
    assert any("flows.embedded_prefect" in child.cmdline() for child in children)
    command.kill()
    command.wait()
    until(lambda: all(map(is_gone, children)), "the end of its server", 10)
