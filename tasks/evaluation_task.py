"""Prefect tasks of the evaluation stage: test scores, and validation scores for comparisons."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State

from seqloom.artifact.cache_key import EVALUATION, VALIDATION
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.progress import Progress
from seqloom.recipe.schema import Recipe
from seqloom.registry.mlflow_runs import failing_run_is_closed
from seqloom.registry.mlflow_tracking import connect
from tasks.gpu_slots import slots_for
from tasks.run_names import task_name
from tasks.stage_runner import run_stage, stage_task


@stage_task(name="evaluation", task_run_name=task_name("evaluation"))
def evaluate(
    recipe: Recipe,
    corpus: Manifest,
    dataset: Manifest,
    training: Manifest,
    run_id: str,
    force: bool = False,
    other_corpora: Sequence[Manifest] = (),
) -> State[Manifest]:
    """Score the model and both baselines on the test split.

    An ensemble stands in for a `training`, and its members have learned from `other_corpora`, too.
    """
    others = [each.path for each in other_corpora]

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        from seqloom.evaluation.stage import evaluate_checkpoint  # torch and scikit-learn: seconds

        with slots_for(recipe):
            return evaluate_checkpoint(recipe, corpus.path, dataset.path, training, folder, progress, others)

    with failing_run_is_closed(connect(home_folder()), run_id):
        return run_stage(EVALUATION, recipe, [corpus.digest, dataset.digest, training.digest], write, force)


@stage_task(name="validation", task_run_name=task_name("validation"))
def validate(recipe: Recipe, corpus: Manifest, training: Manifest, run_id: str) -> State[Manifest]:
    """Score the model on the validation split, by which models are ranked."""

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        from seqloom.evaluation.stage import validate_checkpoint

        with slots_for(recipe):
            return validate_checkpoint(recipe, corpus.path, training, folder, progress)

    with failing_run_is_closed(connect(home_folder()), run_id):
        return run_stage(VALIDATION, recipe, [corpus.digest, training.digest], write)
