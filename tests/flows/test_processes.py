"""Two processes for one training under Prefect: stopped as one would be, then done, with text scores on the way."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from mlflow import MlflowClient

from tests.flows.conftest import RECIPE, environment
from tests.flows.test_leaving import positions

TOGETHER = "training: {epochs: 30, patience: 30, batch_tokens: 512, learning_rate: 0.01, processes: 2, select_by: chrf}"


def test_stopped_and_done(tmp_path: Path, workplace: Path) -> None:
    (tmp_path / "phrases.tsv").write_bytes((workplace / "phrases.tsv").read_bytes())
    kept = [line for line in RECIPE.splitlines() if not line.startswith("training")]
    (tmp_path / "recipe.yaml").write_text("\n".join([*kept, TOGETHER]), encoding="utf-8")
    env = {**environment(tmp_path), "PREFECT_HOME": str(workplace / ".seqloom" / "prefect")}
    command = [sys.executable, "-m", "flows.command_line", "train", "recipe.yaml", "--json"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not positions(tmp_path):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    step = positions(tmp_path)[-1]
    assert error.endswith(f"seqloom: stopped at step {step}; the same command continues\n")

    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    client = MlflowClient(f"sqlite:///{tmp_path}/.seqloom/mlflow.db")
    figures = client.get_metric_history(outcome["run_id"], "validation/chrf")
    assert len(figures) == len({figure.step for figure in figures}) == 30
    assert figures[0].step <= step < figures[-1].step
