"""Smoke test: load a version in a fresh process without GPU or installed Seqloom, and predict."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from seqloom.artifact.full_disk import full_disk, says_full
from seqloom.errors import UserError

SECONDS = 300  # to load and answer

_ASK = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.modules["seqloom"] = None  # importing it fails: the version has its own code
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1], model_config=json.loads(sys.argv[2]))
example = model.input_example
schema = model.metadata.get_params_schema()
known = {param.name for param in schema.params} if schema else set()
alone = {"use_memory": False} if "use_memory" in known else None  # versions did not always know
answered = model.predict(example, params=alone)["prediction"].tolist()
print(json.dumps({"asked": example["source"].tolist(), "answered": answered}))
"""


@dataclass(frozen=True)
class Smoke:
    """Result of the smoke test."""

    passed: bool
    told: str  # what was answered, or the error in one line


def smoke_test(tracking_uri: str, uri: str, model_config: Mapping[str, str] | None = None) -> Smoke:
    """Load the version as others do, with MLflow's `model_config`, and put its input example to it."""
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_TRACKING_URI": tracking_uri,  # not among the arguments, which everybody on the machine can read
    }
    command = [sys.executable, "-P", "-c", _ASK, uri, json.dumps(model_config)]
    with TemporaryDirectory() as elsewhere:
        try:
            done = subprocess.run(
                command, env=environment, cwd=elsewhere, capture_output=True, text=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return Smoke(False, f"no answer within {SECONDS} s")
    if done.returncode:
        if says_full(RuntimeError(done.stderr)):  # that is no fault of the version
            raise UserError(full_disk(Path(tempfile.gettempdir())))
        return Smoke(False, _last_line(done.stderr) or f"exit code {done.returncode}")
    output = json.loads(done.stdout.splitlines()[-1])
    asked, answered = output["asked"], output["answered"]
    if len(asked) != len(answered) or not all(isinstance(text, str) for text in answered):
        return Smoke(False, f"{len(asked)} texts in, {len(answered)} answers out: {answered!r:.200}")
    return Smoke(True, f"{asked[0]!r:.80} → {answered[0]!r:.80}")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:500]
