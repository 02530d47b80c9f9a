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


@pytest.mark.parametrize(("given", "found"), [({}, "3000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
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
        ("seqloom.registry.checkpoint_folder", HEAVY),
        (
            "seqloom.cli.data_report, seqloom.cli.terminal",
            ("torch", "mlflow", "prefect", "gensim", "sklearn", "matplotlib"),
        ),
        ("seqloom.cli.main", ("requests", "torch", "mlflow", "prefect", "gensim", "pandas", "sklearn", "matplotlib")),
    ],
)
def test_a_module_pulls_in_no_more_than_it_needs(module: str, heavy: tuple[str, ...]) -> None:
    pulled = run(sys.executable, "-c", f"import sys, {module}; print(*sys.modules)").split()
    assert not set(pulled) & set(heavy)


def test_no_model_loads_torchs_compiler() -> None:
    """It takes as long as PyTorch itself; tensors on the meta device load it where they are computed with."""
    count_on_meta = """
import sys, torch
from seqloom.models.model_factory import build_model
from tests.models.test_base_classes import ARCHITECTURES, sizes_of
with torch.device("meta"):
    for each in ARCHITECTURES:
        build_model(each.values[0], sizes_of(each.values[0]))
        assert not {"torch._dynamo", "sympy"} & set(sys.modules), each.id
"""
    run(sys.executable, "-c", count_on_meta)
