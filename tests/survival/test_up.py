"""`seqloom up` itself: what an event starts, Ctrl-C pressed again, and kill -9."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
import yaml
from mlflow import MlflowClient

from seqloom.stack.child_process import answers, processes_of
from seqloom.stack.supervisor import RUN_GRACE
from tests.flows.conftest import DATA, RECIPE
from tests.stack.stack_process import RunningStack
from tests.survival.stack import until
from tests.survival.test_kills import is_gone

TINY: dict[str, Any] = yaml.safe_load(RECIPE) | {"corpus": {"train": [str(DATA)]}}
LONG: dict[str, Any] = TINY | {"training": {"epochs": 5000, "patience": 5000, "batch_tokens": 512}}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    up = RunningStack(tmp_path_factory.mktemp("up ü") / "home")
    try:
        up.start()
        yield up
    finally:
        up.stop(signal.SIGTERM)


def start(up: RunningStack, deployment: str, **parameters: Any) -> UUID:
    with up.client() as client:
        found = client.read_deployment_by_name(deployment)
        return client.create_flow_run_from_deployment(found.id, parameters=parameters).id


def trainings(up: RunningStack) -> list[UUID]:
    """The runs of train-on-demand."""
    with up.client() as client:
        found = client.read_deployment_by_name("data-to-model/train-on-demand")
        return [run.id for run in client.read_flow_runs() if run.deployment_id == found.id]


def test_a_changed_corpus_starts_its_training_and_an_unchanged_one_does_not(up: RunningStack, tmp_path: Path) -> None:
    recipe = tmp_path / "watched.yaml"
    recipe.write_text(yaml.safe_dump(TINY), encoding="utf-8")
    asked = {"recipe_file": str(recipe), "override": ["training.epochs=1", "name=watched"]}
    looked = up.wait_for_end(start(up, "refresh/watch-demo", **asked))
    assert looked.state
    assert (looked.state.name, looked.state.message) == ("Changed", "there is no version of watched yet")
    [training] = until(lambda: trainings(up), "the training that the event starts", 60)
    ended = up.wait_for_end(training)
    assert ended.state
    assert ended.state.is_completed(), str(ended.state) + up.all_that_was_said()
    assert ended.parameters["recipe_file"] == asked["recipe_file"]
    [version] = MlflowClient(up.mlflow_url).search_model_versions("name = 'watched'")
    made_by = MlflowClient(up.mlflow_url).get_run(str(version.run_id)).data
    assert (made_by.tags["prefect.flow_run_id"], made_by.params["training.epochs"]) == (str(training), "1")

    again = up.wait_for_end(start(up, "refresh/watch-demo", **asked))
    assert again.state
    assert again.state.name == "Unchanged"
    assert trainings(up) == [training]


def test_ctrl_c_again_waits_for_nobody(up: RunningStack) -> None:
    """A run that does not listen is waited for, until Ctrl-C comes again."""
    run = up.run("train-on-demand", LONG)
    until(lambda: list((up.home / "artifacts" / "training").glob("*.work/step-*")), "a checkpoint")
    [flow] = [
        one for one in processes_of(up.home) if "prefect.engine" in one.cmdline() and str(run) in str(one.environ())
    ]
    flow.suspend()
    up.process.send_signal(signal.SIGINT)
    until(lambda: "stopping; runs under way" in up.said.read_text(encoding="utf-8"), "the first Ctrl-C", 10)
    time.sleep(1)
    assert up.process.poll() is None
    asked = time.monotonic()
    assert up.stop(signal.SIGINT) == 0
    assert time.monotonic() - asked < RUN_GRACE / 2
    assert processes_of(up.home) == []
    assert up.said.read_text(encoding="utf-8").endswith("stopped\n")
    up.start()


def test_what_kill_9_leaves_behind_the_next_one_ends(up: RunningStack) -> None:
    before = processes_of(up.home)
    up.process.kill()
    up.process.wait()
    assert answers(f"{up.prefect_api}/health"), "nobody has told it to end"
    up.start()
    assert re.search(r"ending \d+ processes that a killed stack left behind", up.said.read_text(encoding="utf-8"))
    assert all(map(is_gone, before))
    assert answers(f"{up.prefect_api}/health")
    assert answers(f"{up.mlflow_url}/health")
    assert len(psutil.Process(up.process.pid).children()) == 3
