"""The training stage and what it tells MLflow while it runs."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal

from seqloom.artifact.home import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.artifact.stage import TRAINING
from seqloom.artifact.store import Store
from seqloom.models.building import Sizes
from seqloom.preemption import Preempted
from seqloom.progress import Progress
from seqloom.recipe.resolved import RECIPE_FILE, write_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.continuing import place_parent
from seqloom.registry.runs import MetricsLog, failing_run_is_closed, system_metrics
from seqloom.registry.tracking import connect
from seqloom.training.building import read_history, train_model
from seqloom.training.checkpoint import saved_history
from seqloom.training.job import Scoring
from tasks.staging import run_stage


@task(name="training", task_run_name="training · {recipe.name}", cache_policy=NO_CACHE)
def train(
    recipe: Recipe, corpus: Manifest, vocabulary: Manifest, vectors: Manifest, batches: Manifest, run_id: str
) -> State[Manifest]:
    """Train the model, going on from where a killed run of the same training stopped."""
    store = Store(home_folder())
    inputs = [vocabulary.digest, vectors.digest, batches.digest]
    key = TRAINING.key(recipe, inputs)
    client = connect(home_folder())
    sizes = Sizes(
        source=vocabulary.facts["size"]["source"],
        target=vocabulary.facts["size"]["target"],
        width=recipe.vectors.width,
        shared=recipe.vocabulary.shared,
    )

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        workspace = store.workspace(TRAINING.name, key)
        place_parent(recipe, home_folder(), workspace)
        for row in saved_history(workspace):  # what a kill kept from MLflow
            log(row)
        with _stopping_as_prefect_does(), system_metrics(run_id):
            return train_model(
                recipe,
                sizes,
                vocabulary.path,
                vectors.path,
                batches.path,
                workspace,
                folder,
                _scoring(recipe, corpus, vocabulary, workspace),
                log,
                progress,
            )

    with failing_run_is_closed(client, run_id), MetricsLog(client, run_id) as log:
        state = run_stage(TRAINING, recipe, inputs, write)
        for row in read_history(state.data.path):  # of a cached training MLflow has none yet
            log(row)
    store.discard_workspace(TRAINING.name, key)
    return state


def _scoring(recipe: Recipe, corpus: Manifest, vocabulary: Manifest, workspace: Path) -> Scoring:
    write_recipe(recipe, workspace)
    places = {"corpus": corpus.folder, "vocabulary": vocabulary.folder, "recipe": str(workspace / RECIPE_FILE)}
    return Scoring("seqloom.evaluation.validating:validation_text", places)


@contextmanager
def _stopping_as_prefect_does() -> Iterator[None]:
    """A training that was told to stop ends its flow run as the same signal would have: cancelled, or crashed."""
    try:
        yield
    except Preempted as stop:
        raise (KeyboardInterrupt if stop.number == signal.SIGINT else TerminationSignal(stop.number)) from stop
