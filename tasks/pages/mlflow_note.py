"""The text at the head of a run's page in MLflow."""

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from seqloom.registry.mlflow_runs import FlowRun
from tasks.pages.evaluation_page import examples
from tasks.pages.registry_page import comparison
from tasks.run_names import recipe_and_model


def note(recipe: Recipe, registered: Manifest, evaluation: Manifest, flow_run: FlowRun) -> str:
    """What was made, how good it is beside the others, some of what it writes, and the way back to Prefect."""
    back = f"[{flow_run.name}]({flow_run.url})" if flow_run.url else f"{flow_run.name} (`{flow_run.id}`)"
    return "\n".join(
        [
            f"**{recipe_and_model(recipe)}** is version {registered.facts['version']} of {registered.facts['name']}.",
            f"{recipe.registry.description}\n",
            comparison(registered.facts),
            examples(evaluation.facts["examples"]),
            f"Made by the Prefect flow run {back}.",
        ]
    )
