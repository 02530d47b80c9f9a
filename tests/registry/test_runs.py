"""The MLflow run: opened once per training, closed whatever happens, and each figure in it once."""

from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from seqloom.registry.runs import MetricsLog, failing_run_is_closed, log_facts, log_results, open_run
from tests.registry.tiny import METRICS, corpus, evaluation, manifest, recipe_named


def opened(client: MlflowClient, home: Path, name: str, key: str = "key", flow_run: str = "flow") -> str:
    return open_run(client, recipe_named(name), key, flow_run, corpus(), home)


def test_a_run_tells_what_it_is_made_from(client: MlflowClient, home: Path) -> None:
    recipe = recipe_named("told")
    run = client.get_run(opened(client, home, "told"))
    fields = {"name": "told", "task": "translation"}
    for section, values in recipe.model_dump(exclude={"name", "task"}).items():
        fields |= {f"{section}.{name}": value for name, value in values.items()}
    assert {name: yaml.safe_load(text) if text else text for name, text in run.data.params.items()} == fields
    assert run.data.tags["prefect.flow_run_id"] == "flow"
    assert len(run.data.tags["mlflow.source.git.commit"]) == 40
    assert {(each.dataset.name, each.dataset.digest) for each in run.inputs.dataset_inputs} == {
        (split, "digest of corpus") for split in ("train", "validation", "test")
    }
    [file] = (home / "mlflow" / "told").rglob("recipe.yaml")
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == recipe.model_dump()


def test_the_run_that_a_kill_left_open_is_taken_up(client: MlflowClient, home: Path) -> None:
    run_id = opened(client, home, "killed", flow_run="first")
    assert opened(client, home, "killed", flow_run="second") == run_id
    assert client.get_run(run_id).data.tags["prefect.flow_run_id"] == "second"


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_run_that_is_closed_is_not(client: MlflowClient, home: Path, status: str) -> None:
    run_id = opened(client, home, f"closed-{status}")
    client.set_terminated(run_id, status)
    assert opened(client, home, f"closed-{status}") != run_id


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


def points(client: MlflowClient, run_id: str, name: str) -> list[tuple[int, float]]:
    return [(metric.step, metric.value) for metric in client.get_metric_history(run_id, name)]


def test_every_figure_is_sent_once_however_often_it_is_told(client: MlflowClient, home: Path) -> None:
    """A killed training sent a part of its history, not always the first; the next one tells it all again."""
    run_id = opened(client, home, "history")
    rows = [{"step": step, "epoch": step // 5, "train/loss": 1 / step} for step in range(1, 301)]
    rows[9] |= {"validation/loss": 0.5}
    killed = MetricsLog(client, run_id)
    for row in rows[50:150]:
        killed(row)
    killed.send()
    following = MetricsLog(client, run_id)
    for row in [*rows, *rows]:
        following(row)
    following.send()
    assert sorted(points(client, run_id, "train/loss")) == [(step, 1 / step) for step in range(1, 301)]
    assert points(client, run_id, "validation/loss") == [(10, 0.5)]
    assert set(client.get_run(run_id).data.metrics) == {"train/loss", "validation/loss"}


def test_results_and_facts_lie_with_the_run(client: MlflowClient, home: Path, tmp_path: Path) -> None:
    run_id = opened(client, home, "results")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "loss.png").write_bytes(b"png")
    log_results(client, run_id, evaluation(tmp_path))
    log_facts(client, run_id, [manifest("vocabulary", size=9)])
    run = client.get_run(run_id)
    assert run.data.metrics == METRICS
    assert run.data.tags["signature.bleu"] == "nrefs:1"
    assert {file.name for file in (home / "mlflow" / "results").rglob("*.*") if file.is_file()} == {
        "recipe.yaml",
        "loss.png",
        "vocabulary.json",
    }
