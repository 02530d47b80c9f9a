"""The real command line on the small corpus in data/, in a folder with a space in its name."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "data" / "phrases.tsv"
RECIPE = """
name: phrases
corpus: {train: [phrases.tsv], source_language: en, target_language: de}
vocabulary: {kind: word, size: 400}
vectors: {width: 16, epochs: 1}
model: {encoder_width: 16, decoder_width: 16, dropout: 0.0}
training: {epochs: 2, batch_tokens: 512, learning_rate: 0.01}
decoding: {beam_size: 2, max_length: 20}
registry: {beat_baselines: false}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a work place ü")
    (folder / "phrases.tsv").write_bytes(DATA.read_bytes())
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return folder


def environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    return {**ours, "SEQLOOM_HOME": str(folder / ".seqloom"), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def seqloom(workplace: Path) -> Run:
    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flows.command_line", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, cwd=workplace, env=environment(workplace))
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def first(seqloom: Run) -> dict[str, Any]:
    """What the first training of the recipe printed."""
    done = seqloom("train", "recipe.yaml", "--json")
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome
