"""The evaluation stage."""

from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from seqloom.artifact.home import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.artifact.stage import EVALUATION
from seqloom.evaluation.building import evaluate_checkpoint
from seqloom.progress import Progress
from seqloom.recipe.schema import Recipe
from seqloom.registry.runs import failing_run_is_closed
from seqloom.registry.tracking import connect
from tasks.staging import run_stage


@task(name="evaluation", task_run_name="evaluation · {recipe.name}", cache_policy=NO_CACHE)
def evaluate(
    recipe: Recipe, corpus: Manifest, batches: Manifest, training: Manifest, run_id: str, force: bool = False
) -> State[Manifest]:
    """Score the model and both baselines on the test split."""

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        return evaluate_checkpoint(recipe, corpus.path, batches.path, training, folder, progress)

    with failing_run_is_closed(connect(home_folder()), run_id):
        return run_stage(EVALUATION, recipe, [corpus.digest, batches.digest, training.digest], write, force)
