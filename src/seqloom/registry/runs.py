"""The MLflow run of a flow run: opened before training, closed with the registered version."""

import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
from mlflow.utils.async_logging.run_operations import RunOperations

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from seqloom.registry.tracking import experiment_id

TRAINING_TAG = "seqloom.training"
FLOW_RUN_TAG = "prefect.flow_run_id"
METRICS_PER_BATCH = 100  # gathered before they are sent
METRICS_AT_MOST = 1000  # MLflow takes in one call


def open_run(
    client: MlflowClient, recipe: Recipe, training_key: str, flow_run: str, corpus: Manifest, home: Path
) -> str:
    """The id of the run of this training: the one a killed process left open, or a new one."""
    experiment = experiment_id(client, recipe.name, home)
    unfinished = client.search_runs(
        [experiment], f"tags.`{TRAINING_TAG}` = '{training_key}' and attributes.status = 'RUNNING'", max_results=1
    )
    if unfinished:
        run_id = str(unfinished[0].info.run_id)
        client.set_tag(run_id, FLOW_RUN_TAG, flow_run)
        return run_id
    tags = {TRAINING_TAG: training_key, FLOW_RUN_TAG: flow_run, "mlflow.source.name": "seqloom", **_commit_tag()}
    run = client.create_run(experiment, tags=tags, run_name=f"{recipe.name} {time.strftime('%Y-%m-%d %H:%M')}")
    run_id = str(run.info.run_id)
    client.log_batch(run_id, params=[Param(name, value) for name, value in _flat(recipe).items()])
    client.log_dict(run_id, recipe.model_dump(), "recipe.yaml")
    client.log_inputs(run_id, _datasets(recipe, corpus))
    return run_id


def find_finished(client: MlflowClient, recipe: Recipe, training_key: str) -> str:
    """The id of the newest finished run of this training, registered or not; empty if there is none."""
    experiment = client.get_experiment_by_name(recipe.name)
    if experiment is None:
        return ""
    wanted = f"tags.`{TRAINING_TAG}` = '{training_key}' and attributes.status = 'FINISHED'"
    found = client.search_runs([experiment.experiment_id], wanted, max_results=1)
    return str(found[0].info.run_id) if found else ""


class MetricsLog:
    """History rows on their way to MLflow: sent in batches, in the background, and each only once.

    A training that goes on after a kill tells its history from the beginning; what MLflow has already is passed over.
    As a context it sends what still waits however the training ends, by an error or Ctrl-C too.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self.client = client
        self.run_id = run_id
        self.waiting: list[Metric] = []
        self.on_the_way: list[RunOperations] = []
        self.told: dict[str, set[int]] = {}  # steps, by the figure's name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.send()

    def __call__(self, row: Mapping[str, float]) -> None:
        """Take one row of a training's history."""
        now, step = int(time.time() * 1000), int(row["step"])
        for name, value in row.items():
            if "/" in name and step not in self._told(name):
                self._told(name).add(step)
                self.waiting.append(Metric(name, value, now, step))
        if len(self.waiting) >= METRICS_PER_BATCH:
            self.send(wait=False)

    def send(self, wait: bool = True) -> None:
        """Send what waits; with `wait`, return when MLflow has it."""
        for start in range(0, len(self.waiting), METRICS_AT_MOST):
            batch = self.waiting[start : start + METRICS_AT_MOST]
            sent = self.client.log_batch(self.run_id, metrics=batch, synchronous=False)
            assert sent
            self.on_the_way.append(sent)
        self.waiting = []
        if wait:
            for sent in self.on_the_way:
                sent.wait()
            self.on_the_way = []

    def _told(self, name: str) -> set[int]:
        if name not in self.told:
            self.told[name] = {metric.step for metric in self.client.get_metric_history(self.run_id, name)}
        return self.told[name]


@contextmanager
def system_metrics(run_id: str) -> Iterator[None]:
    """Log processor, memory and GPU use to the run while this lasts."""
    monitor = SystemMetricsMonitor(run_id, resume_logging=True)
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()


@contextmanager
def failing_run_is_closed(client: MlflowClient, run_id: str) -> Iterator[None]:
    """Mark the run FAILED on an error; a kill or Ctrl-C leaves it RUNNING, so that the next start goes on with it."""
    try:
        yield
    except Exception:
        client.set_terminated(run_id, "FAILED")
        raise


def log_results(client: MlflowClient, run_id: str, evaluation: Manifest) -> None:
    """The final figures with their signatures, and everything in the evaluation's folder: hypotheses, pictures."""
    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, 0) for name, value in evaluation.facts["metrics"].items()]
    tags = [RunTag(f"signature.{name}", signature) for name, signature in evaluation.facts["signatures"].items()]
    client.log_batch(run_id, metrics=metrics, tags=tags)
    client.log_artifacts(run_id, evaluation.folder, "evaluation")


def log_facts(client: MlflowClient, run_id: str, manifests: Iterable[Manifest]) -> None:
    """What each stage has to say for itself, as JSON beside the recipe."""
    for manifest in manifests:
        client.log_dict(run_id, {"digest": manifest.digest, **manifest.facts}, f"stages/{manifest.stage}.json")


def _flat(recipe: Recipe) -> dict[str, str]:
    """Every field by its dotted name."""
    flat = {"name": recipe.name, "task": recipe.task}
    for section, fields in recipe.model_dump(exclude={"name", "task"}).items():
        flat.update({f"{section}.{field}": _text(value) for field, value in fields.items()})
    return flat


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _datasets(recipe: Recipe, corpus: Manifest) -> Sequence[DatasetInput]:
    """The corpus as MLflow's datasets: where it came from and its digest, none of its rows."""
    inputs = []
    for split, rows in corpus.facts["rows"].items():
        places = getattr(recipe.corpus, split) or recipe.corpus.train
        source = json.dumps({"places": places})
        dataset = Dataset(split, corpus.digest[:16], "seqloom corpus", source, profile=json.dumps({"rows": rows}))
        inputs.append(DatasetInput(dataset, [InputTag("mlflow.data.context", split)]))
    return inputs


def _commit_tag() -> dict[str, str]:
    """The commit of the code that runs, where it runs from a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"mlflow.source.git.commit": commit}
