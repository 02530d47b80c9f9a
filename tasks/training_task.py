"""Prefect task of the training stage; metrics go to MLflow while it runs."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import TRAINING
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.pipeline import TrainingInputs
from seqloom.progress import Progress
from seqloom.recipe.schema import Recipe
from seqloom.registry.metric_logger import MetricLogger
from seqloom.registry.mlflow_runs import failing_run_is_closed
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.parent_version import copy_parent
from seqloom.registry.system_metrics import system_metrics
from seqloom.training.training_history import read_history
from seqloom.training.training_state import find_training_state
from tasks.cancellation import preemption_as_prefect_state
from tasks.gpu_slots import slots_for
from tasks.headlines import epoch_line
from tasks.pages.model_pages import draw_loss
from tasks.progress_artifacts import audience
from tasks.run_names import task_name
from tasks.stage_runner import run_stage, stage_task

row_observer: ContextVar[Callable[[Mapping[str, float], str], None] | None] = ContextVar("row_observer", default=None)
"""Is called with each row of the history and the score that selects epochs; an exception of it ends the training."""


@stage_task(name="training", task_run_name=task_name("training"))
def train(
    recipe: Recipe,
    corpus: Manifest,
    vocabulary: Manifest,
    vectors: Manifest,
    dataset: Manifest,
    run_id: str,
    force: bool = False,
) -> State[Manifest]:
    """Train the model, or continue from the last checkpoint of a killed run of the same training."""
    store, watcher = Store(home_folder()), audience.get()
    inputs = TrainingInputs(recipe, corpus, vocabulary, vectors, dataset)
    key = TRAINING.key(recipe, inputs.digests)

    def observe(row: Mapping[str, float]) -> None:
        log(row)
        if "validation/loss" in row:
            line = epoch_line(row, recipe.training.epochs)
            get_run_logger().info("%s", line)
            if watcher:
                watcher.noted(line)
        if observer := row_observer.get():
            observer(row, recipe.training.select_by)

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        from seqloom.training.stage import train_model  # torch: seconds that a cached training is spared

        workspace = store.workspace(TRAINING.name, key)
        copy_parent(recipe, home_folder(), workspace)
        _warn_of_other_versions(recipe, inputs.digests, workspace)
        _log_resumed_history(workspace, log)
        selection = _selection_facts(recipe, corpus)
        with slots_for(recipe, recipe.training.processes), preemption_as_prefect_state(), system_metrics(run_id, log):
            facts = train_model(inputs.job(workspace, folder), observe, progress)
        draw_loss(folder, facts["best_epoch"], recipe.task)
        return facts | selection

    alone = store.alone(f"training-{key[:32]}", "the same training")  # or both would log the same metrics
    client = connect(home_folder())
    with alone, failing_run_is_closed(client, run_id), MetricLogger(client, run_id) as log:
        state = run_stage(TRAINING, recipe, inputs.digests, write, force)
        made: Any = state.data  # a manifest: run_stage says so
        for row in read_history(made.path):  # of a cached training MLflow has none yet
            log(row)
    store.discard_workspace(TRAINING.name, key)
    return state


def _warn_of_other_versions(recipe: Recipe, digests: list[str], workspace: Path) -> None:
    """Warn if the same training was interrupted under other library versions: after an upgrade it starts again."""
    from seqloom.training.library_version_check import interrupted_elsewhere, note_versions

    key, versions = TRAINING.unversioned_key(recipe, digests), TRAINING.versions(recipe)
    note_versions(workspace, key, versions)
    watcher = audience.get()
    for sentence in interrupted_elsewhere(workspace, key, versions):
        get_run_logger().warning("%s", sentence)
        if watcher:
            watcher.warned(sentence)


def _log_resumed_history(workspace: Path, log: MetricLogger) -> None:
    """Log the metrics so far of a training that continues from a checkpoint, and say that it does."""
    position = find_training_state(workspace)
    if position is None:
        return
    for row in position.history:
        log(row)
    get_run_logger().info("continues from %s", position.description)
    watcher = audience.get()
    if watcher:
        watcher.noted(f"continues from {position.description}")


def _selection_facts(recipe: Recipe, corpus: Manifest) -> dict[str, Any]:
    """Return and log which score on how many validation rows selects the epoch; nothing where the loss does."""
    if recipe.training.select_by == "loss":
        return {}
    from seqloom.evaluation.validation_scores import rows_scored

    rows = corpus.facts["rows"]["validation"]
    scored = rows_scored(recipe.task, rows)
    score = recipe.training.select_by
    get_run_logger().info("%s of %s of %s validation rows chooses the epoch", score, f"{scored:,}", f"{rows:,}")
    return {"chosen_by": {"score": score, "rows": scored, "of": rows}}
