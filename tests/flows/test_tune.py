"""`seqloom tune`: trials below one MLflow run, the best recipe in YAML, and no look at the test split."""

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from flows.parameters import FORM
from flows.tune import tune
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import load_recipe
from tests.flows.command_process import command
from tests.flows.conftest import environment

SPACE = ("--space", "training.learning_rate=0.002..0.03", "--space", "model.decoder=gru,lstm,none")


def test_a_search_ends_with_the_best_recipe(own_place: Path, prefect: dict[str, str]) -> None:
    """A decoder of none contradicts the task: such a trial is a line of the table, and the others go on."""
    env, home = environment(own_place) | prefect, own_place / ".seqloom"
    asked = ("tune", "recipe.yaml", *SPACE, "-o", "training.epochs=2", "--trials", "4", "--json")
    done = command(*asked, cwd=own_place, env=env).wait()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    finished = [trial for trial in told["trials"] if trial["state"] == "finished"]
    assert len(told["trials"]) == 4
    assert told["trials"][: len(finished)] == finished == sorted(finished, key=lambda trial: -trial["score"])
    best = load_recipe(Path(told["recipe_file"]))
    assert f"training.learning_rate={best.training.learning_rate}" in finished[0]["overrides"]
    assert not (home / "artifacts" / "evaluation").exists(), "the test split is not looked at"

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    assert not client.search_model_versions()
    assert client.get_run(told["run_id"]).info.status == "FINISHED"
    for trial in finished:
        run = client.get_run(trial["run_id"])
        assert run.info.status == "FINISHED"
        assert run.data.tags[MLFLOW_PARENT_RUN_ID] == told["run_id"]
        assert run.data.metrics["validation/chrf"] == trial["score"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "there is nothing to search"),
        ({"space": ("training.epoch=1..3",)}, "space training.epoch"),
        ({"space": ("training.epochs=1..3",), "trials": 0}, "trials: "),
        ({"space": ("training.epochs=1..3",), "pruner": "mean"}, "pruner must"),
        ({"space": ("training.epochs=1..3",), "study": "a/../b"}, "is no name of letters, digits"),
        ({"space": ("training.epochs=1..3",), "hours": -1}, "hours: "),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(asked: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        tune.fn(recipe=FORM, **asked)
