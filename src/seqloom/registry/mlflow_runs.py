"""The MLflow run of a flow run: opened before training, closed with the registered version."""

import json
import logging
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LifecycleStage, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.application import BASELINE
from seqloom.recipe.model_rules import describe_model
from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.source_section import places_of
from seqloom.registry.mlflow_tracking import experiment_id

TRAINING_TAG = "seqloom.training"
CANCELLED_TAG = "seqloom.cancelled"  # on a run that was ended with its flow run; the same training takes it up again
SCORES_TABLE = "scores.json"  # of the model and of the baselines, as MLflow shows tables
FLOW_RUN_TAG = "prefect.flow_run_id"

logger = logging.getLogger(__name__)

LONGEST_PARAMETER = 6000  # characters that MLflow stores of a parameter; the recipe is an artifact, too


@dataclass(frozen=True)
class FlowRun:
    """The Prefect flow run that an MLflow run belongs to."""

    id: str
    name: str
    url: str = ""  # of its page, where Prefect has a server

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags that link MLflow's run to Prefect's."""
        tags = {FLOW_RUN_TAG: self.id, "prefect.flow_run_name": self.name}
        return {**tags, "prefect.flow_run_url": self.url} if self.url else tags


def open_run(
    client: MlflowClient,
    recipe: Recipe,
    training_key: str,
    flow_run: FlowRun,
    corpus: Manifest,
    home: Path,
    members: Sequence[str] = (),
) -> str:
    """Return the id of this training's run: resumed after a kill or cancellation, else a new one.

    Of an ensemble it is the run of its `members`, whose key stands in for a training's. The caller holds a lock: two
    that start at once would open two runs.
    """
    experiment = experiment_id(client, recipe.name, home)
    run_id = _unfinished(client, experiment, training_key)
    if run_id:
        client.log_batch(run_id, tags=[RunTag(*tag) for tag in flow_run.tags.items()])
    else:
        tags = {TRAINING_TAG: training_key, **flow_run.tags, "mlflow.source.name": "seqloom", **_commit_tag()}
        run_id = str(client.create_run(experiment, tags=tags, run_name=_run_name(recipe, members)).info.run_id)
    # Logged again to a resumed run, which may have been killed before. MLflow never changes a parameter: where one
    # differs that decides no weight, such as a rule of the gate, recipe.yaml has its present value.
    known = client.get_run(run_id).data.params
    params = {**_flat(recipe), **({"members": _text(list(members))} if members else {})}
    client.log_batch(run_id, params=[Param(name, value) for name, value in params.items() if name not in known])
    client.log_dict(run_id, recipe.model_dump(), "recipe.yaml")
    client.log_inputs(run_id, _datasets(recipe, corpus))
    return run_id


def _unfinished(client: MlflowClient, experiment: str, training_key: str) -> str:
    """Return the run of this training that is open or was cancelled; empty if there is none."""
    for status in (
        "attributes.status = 'RUNNING'",
        f"attributes.status = 'KILLED' and tags.`{CANCELLED_TAG}` = 'true'",
    ):
        wanted = f"tags.`{TRAINING_TAG}` = '{training_key}' and {status}"
        for run in client.search_runs([experiment], wanted, max_results=1):
            if run.info.status == "KILLED":
                client.update_run(run.info.run_id, status="RUNNING")
                client.delete_tag(run.info.run_id, CANCELLED_TAG)
            return str(run.info.run_id)
    return ""


def _run_name(recipe: Recipe, members: Sequence[str]) -> str:
    """Return time and architecture: MLflow's lists cut long names, and the experiment has the recipe's."""
    model = f"ensemble of {len(members)}" if members else describe_model(recipe.model)
    return f"{datetime.now():%Y-%m-%d %H:%M} · {model}"


def name_after_version(client: MlflowClient, run_id: str, version: int) -> None:
    """Prefix a run's name with the version that came of it."""
    name, number = str(client.get_run(run_id).info.run_name), f"v{version} · "
    if not name.startswith(number):
        client.update_run(run_id, name=number + name)


def end_cancelled(client: MlflowClient, flow_run: str) -> None:
    """Mark as KILLED what a flow run that was cancelled has left open."""
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    wanted = f"tags.`{FLOW_RUN_TAG}` = '{flow_run}' and attributes.status = 'RUNNING'"
    for run in client.search_runs(experiments, wanted) if experiments else ():
        client.set_tag(run.info.run_id, CANCELLED_TAG, "true")
        client.set_terminated(run.info.run_id, "KILLED")


def find_finished(client: MlflowClient, recipe: Recipe, training_key: str) -> str:
    """Return the id of the newest finished run of this training, registered or not; empty if there is none."""
    experiment = client.get_experiment_by_name(recipe.name)
    if experiment is None:
        return ""
    wanted = f"tags.`{TRAINING_TAG}` = '{training_key}' and attributes.status = 'FINISHED'"
    found = client.search_runs([experiment.experiment_id], wanted, max_results=1)
    return str(found[0].info.run_id) if found else ""


def find_run(client: MlflowClient, run_id: str) -> Run | None:
    """Return the run, deleted or not; None where `mlflow gc` removed it."""
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def takes_more(client: MlflowClient, run_id: str) -> bool:
    """Return whether the run can be written to, which MLflow refuses for a deleted one."""
    run = find_run(client, run_id)
    return run is not None and run.info.lifecycle_stage == LifecycleStage.ACTIVE


def is_open(client: MlflowClient, run_id: str) -> bool:
    """Return whether the run exists and is not closed."""
    run = find_run(client, run_id)
    return run is not None and run.info.status == "RUNNING" and run.info.lifecycle_stage == LifecycleStage.ACTIVE


def describe_run(client: MlflowClient, run_id: str, markdown: str) -> None:
    """Write the description at the head of the run's page."""
    client.set_tag(run_id, "mlflow.note.content", markdown)


@contextmanager
def failing_run_is_closed(client: MlflowClient, run_id: str) -> Iterator[None]:
    """Mark the run FAILED on an error; a kill or Ctrl-C leaves it RUNNING, so that the next start resumes it."""
    try:
        yield
    except Exception:
        try:
            client.set_terminated(run_id, "FAILED")
        except Exception as away:  # the work's own error is the one to report
            logger.warning("MLflow could not be told that run %s failed: %s", run_id, away)
        raise


def log_results(client: MlflowClient, run_id: str, evaluation: Manifest) -> None:
    """Log the final scores with their signatures, and the evaluation's folder: hypotheses and plots.

    Scores of baselines are logged as a table: as metrics they would be single bars before every curve.
    """
    values = evaluation.facts["metrics"]
    log_metrics(client, run_id, {name: value for name, value in values.items() if not name.startswith(BASELINE)})
    client.log_dict(run_id, _scores(values), SCORES_TABLE)
    tags = [RunTag(f"signature.{name}", signature) for name, signature in evaluation.facts["signatures"].items()]
    client.log_batch(run_id, tags=tags)
    client.log_artifacts(run_id, evaluation.folder, "evaluation")


def _scores(values: Mapping[str, float]) -> dict[str, list[Any]]:
    """Return a table in pandas' split layout: a row for the model and each baseline, a column per score."""
    rows: dict[str, dict[str, float]] = {}
    for name, value in values.items():
        system, _, score = name.rpartition("/")
        rows.setdefault("this model" if system == "test" else system.removeprefix(BASELINE), {})[score] = value
    scores = list(dict.fromkeys(score for row in rows.values() for score in row))
    data = [[system, *(row.get(score) for score in scores)] for system, row in rows.items()]
    return {"columns": ["system", *scores], "data": data}


def log_metrics(client: MlflowClient, run_id: str, values: Mapping[str, float]) -> None:
    """Log metrics of the finished model."""
    now = int(time.time() * 1000)
    client.log_batch(run_id, metrics=[Metric(name, value, now, 0) for name, value in values.items()])


def log_facts(client: MlflowClient, run_id: str, manifests: Iterable[Manifest], prefix: str = "") -> None:
    """Log the facts of each stage as JSON beside the recipe; `prefix` tells a second one of a kind apart."""
    for manifest in manifests:
        facts = {"digest": manifest.digest, **manifest.facts}
        client.log_dict(run_id, facts, f"stages/{prefix}{manifest.stage}.json")


def _flat(recipe: Recipe) -> dict[str, str]:
    """Return every field of a recipe by its dotted name."""
    flat = {"name": recipe.name, "task": recipe.task}
    for section, fields in recipe.model_dump(exclude={"name", "task"}).items():
        flat.update({f"{section}.{field}": _text(value) for field, value in fields.items()})
    return flat


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_PARAMETER else text[: LONGEST_PARAMETER - 1] + "…"


def _datasets(recipe: Recipe, corpus: Manifest) -> Sequence[DatasetInput]:
    """Return the corpus as MLflow datasets: its source and digest, none of its rows."""
    inputs = []
    for split, rows in corpus.facts["rows"].items():
        places = places_of(recipe.corpus, split) or places_of(recipe.corpus, "train")
        monolingual = recipe.corpus.monolingual if split == "train" else []
        source = json.dumps({"places": [*places, *monolingual]})
        dataset = Dataset(split, corpus.digest[:16], "seqloom corpus", source, profile=json.dumps({"rows": rows}))
        inputs.append(DatasetInput(dataset, [InputTag("mlflow.data.context", split)]))
    return inputs


def _commit_tag() -> dict[str, str]:
    """Return the tag with the code's git commit, if it runs from a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"mlflow.source.git.commit": commit}
