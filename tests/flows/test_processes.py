"""Two processes for one training under Prefect: stopped as one would be, then done, with text scores on the way."""

import json
import signal
import time
from pathlib import Path

from mlflow import MlflowClient

from tests.flows.command_process import command
from tests.flows.conftest import RECIPE, environment
from tests.flows.test_leaving import positions

TOGETHER = "training: {epochs: 5, patience: 5, batch_tokens: 512, learning_rate: 0.01, processes: 2, select_by: chrf}"


def test_stopped_and_done(own_place: Path, prefect: dict[str, str]) -> None:
    kept = [line for line in RECIPE.splitlines() if not line.startswith("training")]
    (own_place / "recipe.yaml").write_text("\n".join([*kept, TOGETHER]), encoding="utf-8")
    env = environment(own_place) | prefect
    begun = command("train", "recipe.yaml", "--json", cwd=own_place, env=env)
    while not positions(own_place):
        assert not begun.ended(), begun.said()
        time.sleep(0.02)
    begun.send_signal(signal.SIGTERM)
    stopped = begun.wait(60)
    assert stopped.returncode == 128 + signal.SIGTERM
    step = positions(own_place)[-1]
    assert stopped.stderr.endswith(f"seqloom: stopped at step {step}; the same command continues\n")

    done = command("train", "recipe.yaml", "--json", cwd=own_place, env=env).wait()
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    client = MlflowClient(f"sqlite:///{own_place}/.seqloom/mlflow.db")
    figures = client.get_metric_history(outcome["run_id"], "score/validation_chrf")
    assert len(figures) == len({figure.step for figure in figures}) == 5
    assert figures[0].step <= step < figures[-1].step
