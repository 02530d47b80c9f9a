"""What the form of the deployment that a run comes from began as."""

from functools import cache
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.logging import get_run_logger
from prefect.runtime import deployment
from pydantic import ValidationError

from flows.asking import FORM, edits_told
from seqloom.recipe.schema import Recipe


def form_start() -> Recipe:
    """The recipe that the form of this run was filled with before anybody touched it: its file's, or the demo's."""
    return _start_of(UUID(str(deployment.id))) if deployment.id else FORM


@cache
def _start_of(deployment_id: UUID) -> Recipe:
    with get_client(sync_client=True) as client:
        schema = client.read_deployment(deployment_id).parameter_openapi_schema or {}
    begun = schema.get("properties", {}).get("recipe", {}).get("default")
    try:
        return Recipe.model_validate(begun) if begun else FORM
    except ValidationError:  # of another Seqloom: its form no longer fits either
        return FORM


def tell_edits(recipe: Recipe, files: str, start: Recipe) -> None:
    """Say in the run's log what the form changes in a file."""
    if files and (told := edits_told(recipe, start)):
        get_run_logger().info("on top of %s, changed in the form: %s", files, told)
