"""The card of a version, for those who meet it in the registry."""

from prefect.artifacts import create_markdown_artifact

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from seqloom.registry import model_card, versions
from seqloom.registry.mlflow_runs import takes_more
from seqloom.registry.tracking import connect, wait_for_mlflow
from tasks.locks import alone
from tasks.retries import tell_prefect
from tasks.run_names import artifact_key
from tasks.stage_runner import patient_task


@patient_task(name="card", task_run_name="card · {recipe.name}")
def write_card(recipe: Recipe, stages: list[Manifest], version: Manifest) -> None:
    """Write what is known of the version to its pages in MLflow and Prefect, unless that was done before."""
    client = connect(home_folder())
    wait_for_mlflow(client)
    with alone(recipe, "card"):
        made = versions.describe(client, recipe.name, str(version.facts["version"]))
        if client.get_model_version(made.name, str(made.number)).description or not takes_more(client, made.run_id):
            return
        text = model_card.write_card(client, recipe, {manifest.stage: manifest for manifest in stages}, made)
    key = artifact_key(recipe, "card")
    tell_prefect("the card", lambda: create_markdown_artifact(text, key=key, description=made.uri))
