"""A user's folder may hold modules of any name: nothing that Seqloom starts imports them."""

import ast
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.flows.conftest import environment, write_workplace

ROOT = Path(__file__).parents[2]
NAMES = ("flows/__init__", "tasks", "recipes/__init__", "seqloom", "torch", "prefect", "mlflow", "numpy", "pydantic")
SHORT = ("-o", "training.epochs=1", "-o", "corpus.max_characters=40", "-o", "evaluation.linear_baseline=false")


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with modules of a user's own, each of which says so when it is imported."""
    folder = write_workplace(tmp_path_factory.mktemp("crowded ü"))
    for name in NAMES:
        file = folder / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"raise ImportError('the user keeps {name} for something else')\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("arguments", [("--version",), ("check", "recipe.yaml"), ("train", "recipe.yaml", *SHORT)])
def test_commands_run_beside_them(crowded: Path, arguments: tuple[str, ...]) -> None:
    """A training with a Prefect of its own, and the process that asks its version first."""
    script = Path(sys.executable).parent / "seqloom"
    done = subprocess.run([script, *arguments], cwd=crowded, env=environment(crowded), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "for something else" not in done.stderr


@pytest.mark.parametrize("room", ["flows", "tasks", "src/seqloom"])
def test_no_python_is_started_that_looks_into_the_working_folder(room: str) -> None:
    """In every command, -P follows the interpreter."""
    for file in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.List | ast.Tuple):
                words = [ast.unparse(each) for each in node.elts]
                for word, following in pairwise([*words, ""]):
                    assert word != "sys.executable" or following == "'-P'", (file, words)
