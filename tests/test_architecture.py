"""What may import what."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "mlflow", "prefect", "gensim", "pandas", "pyarrow", "sklearn", "matplotlib", "tokenizers", "pydantic")
BARE = ("torch", "numpy", "safetensors")  # what a machine that only trains has


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("given", "found"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_a_waiting_thread_gives_its_core_away_wherever_torch_is_used(given: dict[str, str], found: str) -> None:
    clean = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    asked = "import os, seqloom.errors; print(os.environ['GOMP_SPINCOUNT'])"
    command = [sys.executable, "-c", asked]
    assert subprocess.run(command, env=clean | given, capture_output=True, text=True).stdout.strip() == found


def test_the_contracts_of_import_hold() -> None:
    assert " 0 broken" in run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("seqloom", HEAVY),
        ("seqloom.errors", HEAVY),
        ("seqloom.artifact.artifact_store", tuple(name for name in HEAVY if name != "pydantic")),
        ("seqloom.training.stage", tuple(name for name in HEAVY if name not in BARE)),
        ("seqloom.decoding.predictor", tuple(name for name in HEAVY if name not in ("tokenizers", "pydantic"))),
        ("seqloom.pipeline", ("torch", "mlflow", "prefect", "gensim", "sklearn", "matplotlib", "tokenizers")),
        ("seqloom.registry.run_plan", ("torch", "mlflow", "prefect", "gensim", "sklearn", "matplotlib")),
        ("flows.data_to_model", ("torch", "gensim", "sklearn", "matplotlib")),
        ("seqloom.cli.main", ("torch", "mlflow", "prefect", "gensim", "pandas", "sklearn", "matplotlib")),
    ],
)
def test_a_module_pulls_in_no_more_than_it_needs(module: str, heavy: tuple[str, ...]) -> None:
    pulled = run(sys.executable, "-c", f"import sys, {module}; print(*sys.modules)").split()
    assert not set(pulled) & set(heavy)
