"""A training that ends before its end: Ctrl-C, SIGTERM, then a loss that is no number."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.flows.command_process import COMMAND, command
from tests.flows.conftest import RECIPE, environment

BURSTING = """
training: {epochs: 300, patience: 300, batch_tokens: 4000, learning_rate: 10, weight_decay: 1, warmup_steps: 60}
"""  # weights grow ninefold with every update once the rate is up


@pytest.mark.usefixtures("_prefect_database")
def test_ctrl_c_then_sigterm_then_a_burst(own_place: Path, prefect: dict[str, str]) -> None:
    """Ctrl-C to a real process, whose Prefect has to hold out until all is said; the others are forks."""
    kept = [line for line in RECIPE.splitlines() if not line.startswith("training")]
    (own_place / "recipe.yaml").write_text("\n".join(kept) + BURSTING, encoding="utf-8")
    process = subprocess.Popen(
        [*COMMAND, "train", "recipe.yaml"],
        cwd=own_place,
        env=environment(own_place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not positions(own_place):
        assert process.poll() is None, "ended before it was stopped"
        time.sleep(0.02)
    told = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert time.monotonic() - told < 10
    assert process.returncode == 128 + signal.SIGINT
    interrupted = positions(own_place)[-1]
    assert error == f"seqloom: stopped at step {interrupted}; the same command continues\n"

    env = environment(own_place) | prefect
    begun = command("train", "recipe.yaml", cwd=own_place, env=env)
    while positions(own_place)[-1] <= interrupted:
        assert not begun.ended(), "ended before it was stopped"
        time.sleep(0.02)
    told = time.monotonic()
    begun.send_signal(signal.SIGTERM)
    stopped = begun.wait(60)
    assert time.monotonic() - told < 10
    assert stopped.returncode == 128 + signal.SIGTERM
    interrupted = positions(own_place)[-1]
    assert stopped.stderr == f"seqloom: stopped at step {interrupted}; the same command continues\n"

    done = command("train", "recipe.yaml", cwd=own_place, env=env).wait()
    assert done.returncode == 2
    assert done.stderr.startswith("seqloom: the ")
    assert done.stderr.count("\n") == 1
    for part in ("at step ", "learning rate ", "lower training.learning_rate", "the last good checkpoint is kept in"):
        assert part in done.stderr
    assert positions(own_place)[-1] > interrupted
    client = MlflowClient(f"sqlite:///{own_place}/.seqloom/mlflow.db")
    experiment = client.get_experiment_by_name("phrases")
    assert experiment
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
    steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "loss/validation")]
    assert steps == sorted(set(steps))
    assert steps[0] <= interrupted < steps[-1]
    assert not client.search_registered_models()


def positions(folder: Path) -> list[int]:
    """The steps of the checkpoints that are kept."""
    files = (folder / ".seqloom" / "artifacts" / "training").glob("*.work/step-*/position.json")
    return sorted(json.loads(file.read_text(encoding="utf-8"))["step"] for file in files)
