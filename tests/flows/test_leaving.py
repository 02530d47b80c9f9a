"""A training that ends before its end: Ctrl-C, SIGTERM, then a loss that is no number."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from mlflow import MlflowClient

from tests.flows.conftest import RECIPE, environment

BURSTING = """
training: {epochs: 300, patience: 300, batch_tokens: 4000, learning_rate: 10, weight_decay: 1, warmup_steps: 200}
"""  # weights grow ninefold with every update once the rate is up


def test_ctrl_c_then_sigterm_then_a_burst(tmp_path: Path, workplace: Path) -> None:
    (tmp_path / "phrases.tsv").write_bytes((workplace / "phrases.tsv").read_bytes())
    kept = [line for line in RECIPE.splitlines() if not line.startswith("training")]
    (tmp_path / "recipe.yaml").write_text("\n".join(kept) + BURSTING, encoding="utf-8")
    prefect = workplace / ".seqloom" / "prefect"  # of the other tests: a new database takes seconds
    env = {**environment(tmp_path), "PREFECT_HOME": str(prefect)}
    command = [sys.executable, "-m", "flows.command_line", "train", "recipe.yaml"]
    interrupted = 0
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while max(positions(tmp_path), default=0) <= interrupted:
            assert process.poll() is None, "ended before it was stopped"
            time.sleep(0.02)
        told = time.monotonic()
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
        assert time.monotonic() - told < 10
        assert process.returncode == 128 + number
        interrupted = positions(tmp_path)[-1]
        assert error == f"seqloom: stopped at step {interrupted}; the same command continues\n"

    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("seqloom: the ")
    assert done.stderr.count("\n") == 1
    for part in ("at step ", "learning rate ", "lower training.learning_rate", "the last good checkpoint is kept in"):
        assert part in done.stderr
    assert positions(tmp_path)[-1] > interrupted
    client = MlflowClient(f"sqlite:///{tmp_path}/.seqloom/mlflow.db")
    experiment = client.get_experiment_by_name("phrases")
    assert experiment
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
    steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "validation/loss")]
    assert steps == sorted(set(steps))
    assert steps[0] <= interrupted < steps[-1]
    assert not client.search_registered_models()


def positions(folder: Path) -> list[int]:
    """The steps of the checkpoints that are kept."""
    files = (folder / ".seqloom" / "artifacts" / "training").glob("*.work/step-*/position.json")
    return sorted(json.loads(file.read_text(encoding="utf-8"))["step"] for file in files)
