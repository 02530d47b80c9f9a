"""What a command imports before it answers: seconds that a person waits each time."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKED = """
import sys
from seqloom.cli.main import app
for recipe in sys.argv[1:]:
    app(["check", recipe, "--no-time"], standalone_mode=False)
    taken = {"torch", "mlflow", "prefect"} & set(sys.modules)
    assert not taken, (recipe, taken)
"""
PAIRS = [f"a small dog number {number}\tein kleiner Hund Nummer {number}\n" for number in range(60)]
LABELS = [
    f"a {'good' if number % 2 else 'poor'} film {number}\t{'yes' if number % 2 else 'no'}\n" for number in range(60)
]
RECIPES = {
    "pairs": ("translation", PAIRS, "{batch_tokens: 300}"),
    "masked": ("translation", PAIRS, "{objective: masked, gradient_accumulation: 2}"),
    "labels": ("sentiment", LABELS, "{batch_tokens: 300}"),
    "text": ("generation", [], "{batch_tokens: 300}"),
}


def test_check_reads_a_corpus_without_what_takes_seconds_to_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, (task, rows, training) in RECIPES.items():
        ending, form = ("tsv", "auto") if rows else ("txt", "running")
        text = "".join(["source\ttarget\n", *rows]) if rows else 20 * "".join(PAIRS).replace("\t", " ")
        (tmp_path / f"{name}.{ending}").write_text(text, encoding="utf-8")
        recipe = (
            f"name: {name}\ntask: {task}\ncorpus: {{train: [{name}.{ending}], format: {form}}}\ntraining: {training}\n"
        )
        (tmp_path / f"{name}.yaml").write_text(recipe, encoding="utf-8")
    files = [f"{name}.yaml" for name in RECIPES]
    done = subprocess.run([sys.executable, "-c", CHECKED, *files], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
