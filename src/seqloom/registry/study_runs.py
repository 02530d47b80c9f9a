"""MLflow runs of a hyperparameter search: one of the study, and its trials as child runs."""

from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from seqloom.recipe.schema import Recipe
from seqloom.registry.mlflow_tracking import experiment_id

STUDY_TAG, TRIAL_TAG = "seqloom.study", "seqloom.trial"


def open_study_run(client: MlflowClient, recipe: Recipe, study: str, space: Mapping[str, str], home: Path) -> str:
    """Return the id of the run of a study, which is the same each time the study goes on."""
    experiment = experiment_id(client, recipe.name, home)
    found = client.search_runs([experiment], f"tags.`{STUDY_TAG}` = '{study}'", max_results=1)
    if found:
        run_id = str(found[0].info.run_id)
        client.update_run(run_id, status="RUNNING")
        return run_id
    tags = {STUDY_TAG: study, "mlflow.source.name": "seqloom"}
    run_id = str(client.create_run(experiment, tags=tags, run_name=f"study {study}").info.run_id)
    for field, values in space.items():
        client.log_param(run_id, f"space.{field}", values)
    return run_id


def adopt_trial(client: MlflowClient, study_run: str, run_id: str, number: int) -> None:
    """Make a training's run a child of its study's; one that belongs to another study stays there."""
    if MLFLOW_PARENT_RUN_ID not in client.get_run(run_id).data.tags:
        client.set_tag(run_id, MLFLOW_PARENT_RUN_ID, study_run)
        client.set_tag(run_id, TRIAL_TAG, str(number))


def close_pruned(client: MlflowClient, run_id: str) -> None:
    """End the run of a pruned trial, so that it is told from one that failed."""
    client.set_tag(run_id, TRIAL_TAG, "pruned")
    client.set_terminated(run_id, "KILLED")


def close_study_run(client: MlflowClient, run_id: str, scores: Mapping[str, float], folder: Path) -> None:
    """Log the best scores and the folder of the study: the best recipe and the plots."""
    for name, value in scores.items():
        client.log_metric(run_id, name, value)
    client.log_artifacts(run_id, str(folder), "study")
    client.set_terminated(run_id, "FINISHED")
