"""Prefect task of a pretraining: an encoder learned from raw text, and what MLflow keeps of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS, PRETRAINING
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import MANIFEST_FILE, Manifest, read_manifest
from seqloom.pipeline import TrainingInputs
from seqloom.progress import Progress
from seqloom.recipe.schema import Recipe
from seqloom.registry import mlflow_runs
from seqloom.registry.metric_logger import MetricLogger
from seqloom.training.training_history import read_history
from tasks.cancellation import preemption_as_prefect_state
from tasks.gpu_slots import slots_for
from tasks.headlines import epoch_line
from tasks.pages.model_pages import draw_loss
from tasks.progress_artifacts import audience
from tasks.run_names import task_name
from tasks.stage_runner import run_stage, stage_task


@stage_task(name="pretraining", task_run_name=task_name("pretraining"))
def pretrain(
    recipe: Recipe, corpus: Manifest, vocabulary: Manifest, vectors: Manifest, dataset: Manifest, force: bool = False
) -> State[Manifest]:
    """Train the encoder by masked tokens, or continue from the last checkpoint of a killed run of the same one."""
    store, watcher = Store(home_folder()), audience.get()
    inputs = TrainingInputs(recipe, corpus, vocabulary, vectors, dataset)
    key = PRETRAINING.key(recipe, inputs.digests)

    def observe(row: Mapping[str, float]) -> None:
        if "validation/loss" in row:
            line = epoch_line(row, recipe.training.epochs)
            get_run_logger().info("%s", line)
            if watcher:
                watcher.noted(line)

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        from seqloom.training.stage import train_model  # torch: seconds that a cached one is spared

        job = inputs.job(store.workspace(PRETRAINING.name, key), folder)
        with slots_for(recipe, recipe.training.processes), preemption_as_prefect_state():
            facts = train_model(job, observe, progress)
        draw_loss(folder, facts["best_epoch"], recipe.task)
        return {**facts, "corpus": corpus.digest, "rows": corpus.facts["rows"]["train"]}

    state = run_stage(PRETRAINING, recipe, inputs.digests, write, force)
    store.discard_workspace(PRETRAINING.name, key)
    return state


def encoder_of(recipe: Recipe) -> Manifest | None:
    """Return the finished pretraining that a recipe's training starts from; None where it has none, or it is gone."""
    folder = recipe.training.start_encoder_from
    there = folder and (Path(folder) / MANIFEST_FILE).is_file()  # it may be cleaned up, or on another machine
    return read_manifest(Path(folder)) if recipe.pretraining.corpus and there else None


def log_pretraining(client: MlflowClient, recipe: Recipe, run_id: str) -> None:
    """Log the pretraining of a recipe, if it has one, to its MLflow run: facts, curves, and the corpus of raw text."""
    encoder = encoder_of(recipe)
    if encoder is None:
        return
    mlflow_runs.log_facts(client, run_id, [encoder])
    raw = Store(home_folder()).find_by_digest(CORPUS.name, encoder.facts["corpus"])
    if raw:
        mlflow_runs.log_facts(client, run_id, [raw], prefix="raw_")
    with MetricLogger(client, run_id) as log:
        for row in read_history(encoder.path):
            log({f"pretraining/{name}" if "/" in name else name: value for name, value in row.items()})
