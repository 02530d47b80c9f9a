"""What the answers of the fresh process are worth; that one is really started is tested in test_judging."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seqloom.registry import smoke_test as module
from seqloom.registry.smoke_test import Smoke, smoke_test


def told(asked: list[Any], answered: list[Any], before: str = "") -> str:
    return before + json.dumps({"asked": asked, "answered": answered})


@pytest.mark.parametrize(
    ("code", "out", "err", "found"),
    [
        pytest.param(0, told(["a"], ["b"]), "", Smoke(True, "'a' → 'b'"), id="answers"),
        pytest.param(0, told(["a", "c"], ["", "d"], "a note\n"), "warned", Smoke(True, "'a' → ''"), id="and notes"),
        pytest.param(0, told(["a", "b"], ["c"]), "", Smoke(False, "2 texts in, 1 answers out: ['c']"), id="too few"),
        pytest.param(0, told(["a"], [None]), "", Smoke(False, "1 texts in, 1 answers out: [None]"), id="no text"),
        pytest.param(1, "", "Trace\n  x\nValueError: x\n", Smoke(False, "ValueError: x"), id="raises"),
        pytest.param(1, told(["a"], ["b"]), "", Smoke(False, "exit code 1"), id="dies without a word"),
        pytest.param(-9, told(["a"], ["b"]), " \n", Smoke(False, "exit code -9"), id="is killed"),
    ],
)
def test_what_it_told(code: int, out: str, err: str, found: Smoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, code, out, err)

    monkeypatch.setattr(module.subprocess, "run", run)
    assert smoke_test("sqlite:///nowhere.db", "models:/a/1") == found


def test_it_is_asked_without_a_gpu_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], env: dict[str, str], cwd: str, timeout: float, text: bool, **_: Any) -> None:
        assert text
        assert not [*Path(cwd).iterdir()], "what lies around here is not there for others"
        assert (env["CUDA_VISIBLE_DEVICES"], env["MLFLOW_TRACKING_URI"]) == ("", "postgresql://user:secret@host/db")
        assert not any("secret" in word for word in command), "whoever lists processes reads it"
        assert "models:/a/1" in command
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(module.subprocess, "run", run)
    found = smoke_test("postgresql://user:secret@host/db", "models:/a/1", "int8")
    assert found == Smoke(False, "no answer within 300 s")


@pytest.mark.parametrize(("parameters", "asked"), [(["beam_size", "use_memory"], {"use_memory": False}), ([], None)])
def test_the_model_alone_is_asked(
    parameters: list[str], asked: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory would answer the input example although the model cannot be run."""
    (tmp_path / "pandas.py").touch()
    (tmp_path / "mlflow.py").write_text(
        "from types import SimpleNamespace as N\n"
        "class Column(list):\n    def tolist(self): return list(self)\n"
        f"schema = N(params=[N(name=name) for name in {parameters}])\n"
        "model = N(input_example={'source': Column('a')}, metadata=N(get_params_schema=lambda: schema),\n"
        "          predict=lambda rows, params: {'prediction': Column([str(params)])})\n"
        "pyfunc = N(load_model=lambda uri, model_config: model)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert smoke_test("sqlite:///nowhere.db", "models:/a/1") == Smoke(True, f"'a' → {str(asked)!r}")
