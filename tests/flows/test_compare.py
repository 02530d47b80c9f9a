"""`seqloom compare`: shared stages once, every candidate trained, the best first, and no version unless asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from flows.parameters import FORM, asked_variants
from seqloom.errors import UserError
from tests.flows.command_process import Done, command
from tests.flows.conftest import environment

RATES = ("--grid", "training.learning_rate=0.01,0.02,10")
BURSTS = ("-o", "training.weight_decay=1", "-o", "training.warmup_steps=2", "-o", "training.epochs=6")


def told_by(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def test_a_grid_is_trained_ranked_and_not_trained_again(own_place: Path, prefect: dict[str, str]) -> None:
    """The rate of 10 bursts: it is told in the table, and the others go on."""
    env, home = environment(own_place) | prefect, own_place / ".seqloom"
    compare = ("compare", "recipe.yaml", *RATES, *BURSTS, "--json")
    told = told_by(command(*compare, cwd=own_place, env=env).wait())
    *trained, failed = told["candidates"]
    assert {each["label"] for each in trained} == {f"training.learning_rate={rate}" for rate in ("0.01", "0.02")}
    scores = [each["validation"]["validation/chrf"] for each in trained]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= each["metrics"]["test/chrf"] <= 100 for each in trained)
    assert all(each["seconds"] > 0 and each["tokens_per_second"] > 0 and each["parameters"] > 0 for each in trained)
    assert failed["label"] == "training.learning_rate=10"
    assert "lower training.learning_rate" in failed["failure"]
    for figure in ("figure", "length_figure"):
        assert Path(told[figure]).read_bytes().startswith(b"\x89PNG")
    assert len({tuple(each["by_length"]) for each in trained}) == 1
    assert all(name.endswith(" characters") for name in trained[0]["by_length"])
    folders = {stage: len(list((home / "artifacts" / stage).glob("*/manifest.json"))) for stage in STAGES}
    of_each = {"training": 2, "evaluation": 2, "validation": 2}
    assert folders == {"corpus": 1, "vocabulary": 1, "vectors": 1, "dataset": 1, **of_each}
    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    assert not client.search_model_versions()
    runs = [client.get_run(each["run_id"]) for each in trained]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all("validation/chrf" in run.data.metrics and "test/chrf" in run.data.metrics for run in runs)

    again = told_by(command(*compare, "--register-best", cwd=own_place, env=env).wait())
    assert again["candidates"][:2] == told["candidates"][:2], "the same runs, not trained again"
    [version] = client.search_model_versions()
    run = client.get_run(str(version.run_id))
    assert f"training.learning_rate={run.data.params['training.learning_rate']}" == trained[0]["label"]


STAGES = ("corpus", "vocabulary", "vectors", "dataset", "training", "evaluation", "validation")


@pytest.mark.parametrize(
    ("files", "grid", "labels"),
    [
        ((), ("training.seed=1,2",), ["training.seed=1", "training.seed=2"]),
        (
            ("recipes/demo.yaml", "recipes/translate.yaml"),
            (),
            ["jupyterlab-en-zh", "multi30k-en-de"],
        ),
        (
            ("recipes/demo.yaml", "recipes/translate.yaml"),
            ("training.seed=2",),
            ["jupyterlab-en-zh · training.seed=2", "multi30k-en-de · training.seed=2"],
        ),
    ],
)
def test_what_is_compared(
    files: tuple[str, ...], grid: tuple[str, ...], labels: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert [variant.label for variant in asked_variants(FORM, files, (), grid)] == labels


@pytest.mark.parametrize("grid", [(), ("training.seed=1",), ("training.seed=1,1",)])
def test_one_alone_is_nothing_to_compare(grid: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="there is nothing to compare: give a second recipe, or a grid"):
        asked_variants(FORM, (), (), grid)
