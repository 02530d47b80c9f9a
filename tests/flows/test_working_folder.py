"""A user's folder may hold modules of any name: nothing that Seqloom starts imports them."""

import ast
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.flows.command_process import script
from tests.flows.conftest import environment
from tests.flows.user_modules import KEPT, modules_of_a_user

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("arguments", [("--version",), ("check", "recipe.yaml")])
def test_commands_run_beside_them(own_place: Path, arguments: tuple[str, ...]) -> None:
    with modules_of_a_user(own_place):
        done = script(*arguments, cwd=own_place, env=environment(own_place))
    assert done.returncode == 0, done.stderr
    assert KEPT not in done.stderr


def test_a_training_runs_beside_them(first: dict[str, Any]) -> None:
    """With a Prefect of its own, and the process that asks its version first."""
    assert first["aliases"] == ["champion"]


@pytest.mark.parametrize("room", ["flows", "tasks", "src/seqloom"])
def test_no_python_is_started_that_looks_into_the_working_folder(room: str) -> None:
    """In every command, -P follows the interpreter."""
    for file in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.List | ast.Tuple):
                words = [ast.unparse(each) for each in node.elts]
                for word, following in pairwise([*words, ""]):
                    assert word != "sys.executable" or following == "'-P'", (file, words)
