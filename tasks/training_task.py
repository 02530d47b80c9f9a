"""The training stage and what it tells MLflow while it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.artifact.stage_key import TRAINING
from seqloom.artifact.store import Store
from seqloom.pipeline import scoring_of, sizes_of
from seqloom.progress import Progress
from seqloom.recipe.schema import Recipe
from seqloom.registry.metric_logger import MetricLogger
from seqloom.registry.mlflow_runs import failing_run_is_closed
from seqloom.registry.parent_version import place_parent
from seqloom.registry.system_metrics import system_metrics
from seqloom.registry.tracking import connect
from seqloom.training.history import read_history
from seqloom.training.training_state import find_training_state
from tasks.cancellation import stopping_as_prefect_does
from tasks.gpu_slots import slots_for
from tasks.headlines import epoch_in_words
from tasks.pages.model_pages import draw_loss
from tasks.progress_artifacts import audience
from tasks.run_names import task_name
from tasks.stage_runner import run_stage, stage_task


@stage_task(name="training", task_run_name=task_name("training"))
def train(
    recipe: Recipe,
    corpus: Manifest,
    vocabulary: Manifest,
    vectors: Manifest,
    batches: Manifest,
    run_id: str,
    force: bool = False,
) -> State[Manifest]:
    """Train the model, going on from where a killed run of the same training stopped."""
    store = Store(home_folder())
    inputs = [vocabulary.digest, vectors.digest, batches.digest]
    key = TRAINING.key(recipe, inputs)

    watcher = audience.get()

    def observe(row: Mapping[str, float]) -> None:
        log(row)
        if "validation/loss" in row:
            told = epoch_in_words(row, recipe.training.epochs)
            get_run_logger().info("%s", told)
            if watcher:
                watcher.told(told)

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        from seqloom.training.stage import train_model  # torch: seconds that a cached training is spared

        workspace = store.workspace(TRAINING.name, key)
        place_parent(recipe, home_folder(), workspace)
        _tell_what_stopped_under_other_versions(recipe, inputs, workspace)
        _tell_what_a_kill_kept(workspace, log)
        chosen_by = _what_chooses(recipe, corpus)
        with slots_for(recipe, recipe.training.processes), stopping_as_prefect_does(), system_metrics(run_id, log):
            facts = train_model(
                recipe,
                sizes_of(recipe, vocabulary),
                vocabulary.path,
                vectors.path,
                batches.path,
                workspace,
                folder,
                scoring_of(recipe, corpus, vocabulary, batches, workspace),
                observe,
                progress,
            )
        draw_loss(folder, facts["best_epoch"], recipe.task)
        return facts | chosen_by

    alone = store.alone(f"training-{key[:32]}", "the same training")  # or both would tell MLflow the same figures
    client = connect(home_folder())
    with alone, failing_run_is_closed(client, run_id), MetricLogger(client, run_id) as log:
        state = run_stage(TRAINING, recipe, inputs, write, force)
        made: Any = state.data  # a manifest: run_stage says so
        for row in read_history(made.path):  # of a cached training MLflow has none yet
            log(row)
    store.discard_workspace(TRAINING.name, key)
    return state


def _tell_what_stopped_under_other_versions(recipe: Recipe, inputs: list[str], workspace: Path) -> None:
    """An upgrade of torch makes a training anew, also one that it interrupts."""
    from seqloom.training.resume_check import interrupted_elsewhere, note_versions

    kin, versions = TRAINING.kin(recipe, inputs), TRAINING.versions(recipe)
    note_versions(workspace, kin, versions)
    watcher = audience.get()
    for sentence in interrupted_elsewhere(workspace, kin, versions):
        get_run_logger().warning("%s", sentence)
        if watcher:
            watcher.warned(sentence)


def _tell_what_a_kill_kept(workspace: Path, log: MetricLogger) -> None:
    """The figures of the training so far, where it goes on from a checkpoint, and that it does."""
    position = find_training_state(workspace)
    if position is None:
        return
    for row in position.history:
        log(row)
    get_run_logger().info("continues from %s", position.description)
    watcher = audience.get()
    if watcher:
        watcher.told(f"continues from {position.description}")


def _what_chooses(recipe: Recipe, corpus: Manifest) -> dict[str, Any]:
    """The validation rows that are scored after each epoch, told in the log; none where the loss of all chooses."""
    if recipe.training.select_by == "loss":
        return {}
    from seqloom.evaluation.validation_scores import rows_scored

    rows = corpus.facts["rows"]["validation"]
    scored = rows_scored(recipe.task, rows)
    score = recipe.training.select_by
    get_run_logger().info("%s of %s of %s validation rows chooses the epoch", score, f"{scored:,}", f"{rows:,}")
    return {"chosen_by": {"score": score, "rows": scored, "of": rows}}
