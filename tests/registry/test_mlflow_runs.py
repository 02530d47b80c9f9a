"""The MLflow run: opened once per training, closed whatever happens, and each figure in it once."""

import json
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml
from mlflow import MlflowClient

from seqloom.recipe.model_rules import describe_model
from seqloom.registry.mlflow_runs import (
    FlowRun,
    end_cancelled,
    failing_run_is_closed,
    log_facts,
    log_results,
    name_after_version,
    open_run,
)
from tests.registry.tiny import METRICS, corpus, evaluation, manifest, recipe_named


def opened(client: MlflowClient, home: Path, name: str, key: str = "key", flow_run: str = "flow") -> str:
    return open_run(client, recipe_named(name), key, FlowRun(flow_run, f"name of {flow_run}"), corpus(), home)


def test_a_run_tells_what_it_is_made_from(client: MlflowClient, home: Path) -> None:
    recipe = recipe_named("told")
    run = client.get_run(opened(client, home, "told"))
    fields = {"name": "told", "task": "translation"}
    for section, values in recipe.model_dump(exclude={"name", "task"}).items():
        fields |= {f"{section}.{name}": value for name, value in values.items()}
    assert {name: yaml.safe_load(text) if text else text for name, text in run.data.params.items()} == fields
    assert run.data.tags["prefect.flow_run_id"] == "flow"
    assert run.data.tags["prefect.flow_run_name"] == "name of flow"
    assert run.info.run_name.endswith(f" · {describe_model(recipe.model)}"), "the time first: lists cut the end"
    assert "told" not in run.info.run_name, "that is the name of the experiment"
    assert "prefect.flow_run_url" not in run.data.tags
    assert len(run.data.tags["mlflow.source.git.commit"]) == 40
    assert {(each.dataset.name, each.dataset.digest) for each in run.inputs.dataset_inputs} == {
        (split, "digest of corpus") for split in ("train", "validation", "test")
    }
    [file] = (home / "mlflow" / "told").rglob("recipe.yaml")
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == recipe.model_dump()


def test_the_run_that_a_kill_left_open_is_taken_up(client: MlflowClient, home: Path) -> None:
    run_id = opened(client, home, "killed", flow_run="first")
    assert opened(client, home, "killed", flow_run="second") == run_id
    run = client.get_run(run_id)
    assert run.data.tags["prefect.flow_run_id"] == "second"
    assert len(run.inputs.dataset_inputs) == 3


def test_the_page_of_the_flow_run_is_told_where_there_is_one(client: MlflowClient, home: Path) -> None:
    flow_run = FlowRun("id", "name", "http://prefect/runs/flow-run/id")
    run_id = open_run(client, recipe_named("linked"), "key", flow_run, corpus(), home)
    assert client.get_run(run_id).data.tags["prefect.flow_run_url"] == flow_run.url


def test_it_is_taken_up_by_a_recipe_that_differs_in_what_decides_no_weight(client: MlflowClient, home: Path) -> None:
    """MLflow refuses to change a parameter; the recipe beside it tells what is so now."""
    run_id = opened(client, home, "changed")
    changed = recipe_named("changed", registry={"tolerance": 9.0})
    assert open_run(client, changed, "key", FlowRun("second", "second"), corpus(), home) == run_id
    [file] = (home / "mlflow" / "changed").rglob("recipe.yaml")
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["registry"]["tolerance"] == 9.0


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_run_that_is_closed_is_not(client: MlflowClient, home: Path, status: str) -> None:
    run_id = opened(client, home, f"closed-{status}")
    client.set_terminated(run_id, status)
    assert opened(client, home, f"closed-{status}") != run_id


def test_a_run_is_ended_with_its_flow_run_and_taken_up_again(client: MlflowClient, home: Path) -> None:
    cancelled, other, done = (opened(client, home, "cancelled", key, key) for key in ("one", "two", "three"))
    client.set_tag(done, "prefect.flow_run_id", "one")
    client.set_terminated(done, "FINISHED")
    end_cancelled(client, "one")
    told = {run_id: client.get_run(run_id).info.status for run_id in (cancelled, other, done)}
    assert told == {cancelled: "KILLED", other: "RUNNING", done: "FINISHED"}
    for _ in range(2):  # the second finds it open
        assert opened(client, home, "cancelled", "one", "a later one") == cancelled
        assert client.get_run(cancelled).info.status == "RUNNING"
    client.set_terminated(cancelled, "KILLED")  # by somebody in MLflow
    assert opened(client, home, "cancelled", "one") != cancelled


def test_the_version_stands_first_in_the_name(client: MlflowClient, home: Path) -> None:
    run_id = opened(client, home, "named")
    before = client.get_run(run_id).info.run_name
    for _ in range(2):
        name_after_version(client, run_id, 3)
    assert client.get_run(run_id).info.run_name == f"v3 · {before}"


def test_nor_is_that_of_another_training(client: MlflowClient, home: Path) -> None:
    assert opened(client, home, "others", "one key") != opened(client, home, "others", "other key")
    assert opened(client, home, "others", "one key") != opened(client, home, "other-name", "one key")


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "RUNNING"), (None, "RUNNING")]
)
def test_an_error_closes_a_run_and_an_interrupt_does_not(
    client: MlflowClient, home: Path, error: type[BaseException] | None, status: str
) -> None:
    run_id = opened(client, home, f"error-{error and error.__name__}")
    if error:
        with pytest.raises(error), failing_run_is_closed(client, run_id):
            raise error
    else:
        with failing_run_is_closed(client, run_id):
            pass
    assert client.get_run(run_id).info.status == status


def test_an_error_is_told_though_mlflow_is_away(caplog: pytest.LogCaptureFixture) -> None:
    away = Mock(set_terminated=Mock(side_effect=ConnectionError("refused")))
    with pytest.raises(ZeroDivisionError), failing_run_is_closed(away, "run"):
        raise ZeroDivisionError
    assert "could not be told that run run failed: refused" in caplog.text


def test_results_and_facts_lie_with_the_run(client: MlflowClient, home: Path, tmp_path: Path) -> None:
    run_id = opened(client, home, "results")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "loss.png").write_bytes(b"png")
    log_results(client, run_id, evaluation(tmp_path))
    log_facts(client, run_id, [manifest("vocabulary", size=9)])
    run = client.get_run(run_id)
    assert run.data.metrics == {name: value for name, value in METRICS.items() if name.startswith("test/")}
    scores = json.loads((home / "mlflow" / "results" / run_id / "artifacts" / "scores.json").read_text())
    assert scores == {
        "columns": ["system", "bleu", "chrf"],
        "data": [["this model", 12.5, 34.25], ["copy", None, 6.0]],
    }
    assert run.data.tags["signature.bleu"] == "nrefs:1"
    assert {file.name for file in (home / "mlflow" / "results").rglob("*.*") if file.is_file()} == {
        "recipe.yaml",
        "scores.json",
        "loss.png",
        "vocabulary.json",
    }
