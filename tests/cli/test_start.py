"""What a command imports before it answers: seconds that a person waits each time."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest

from seqloom.cli.torch_import import META_KERNELS, brief_torch_import
from tests.models.test_base_classes import ARCHITECTURES, answer_tokens

CHECKED = """
import sys
from seqloom.cli.main import app
for recipe in sys.argv[1:]:
    app(["check", recipe, "--no-time"], standalone_mode=False)
    taken = {"torch", "mlflow", "prefect"} & set(sys.modules)
    assert not taken, (recipe, taken)
"""
ANSWERED = f"""
import gc, json, sys
from seqloom.cli.torch_import import brief_torch_import
with brief_torch_import():
    import torch
    assert not gc.isenabled()
from tests.models.test_base_classes import ARCHITECTURES, answer_tokens
print(json.dumps([answer_tokens(each.values[0]) for each in ARCHITECTURES]))
assert gc.isenabled()
assert not {{"{META_KERNELS}", "torch._dynamo"}} & set(sys.modules)
import {META_KERNELS}  # whoever needs it gets it
assert torch._meta_registrations.device_hint
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


def test_a_brief_import_of_torch_answers_the_same_with_every_architecture() -> None:
    done = subprocess.run([sys.executable, "-c", ANSWERED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [answer_tokens(each.values[0]) for each in ARCHITECTURES]


def test_where_torch_is_loaded_already_nothing_is_left_out() -> None:
    before = sys.modules[META_KERNELS]
    with brief_torch_import():
        assert gc.isenabled()
    assert sys.modules[META_KERNELS] is before
