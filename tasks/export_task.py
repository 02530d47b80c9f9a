"""Prefect task that exports a version to a further backend, such as int8, where the recipe names one."""

from time import monotonic

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.errors import UserError
from seqloom.recipe.schema import Recipe
from seqloom.registry.export_records import is_known
from seqloom.registry.mlflow_tracking import connect, wait_for_mlflow
from tasks.prefect_client import call_prefect
from tasks.progress_artifacts import audience, watched
from tasks.run_names import artifact_key, task_name
from tasks.stage_runner import name_lock, patient_task


def add_form(recipe: Recipe, version: State[Manifest]) -> None:
    """Export the version before it can become champion, so that a server of this backend finds it there."""
    if recipe.registry.backend != "torch":
        export(recipe, version)


@patient_task(name="backend", task_run_name=task_name("backend"))
def export(recipe: Recipe, version: Manifest) -> None:
    """Judge the export and add it, unless that was done; one that is refused or fails is reported and ends no run."""
    started, home, backend = monotonic(), home_folder(), recipe.registry.backend
    assert backend != "torch"
    client = connect(home)
    wait_for_mlflow(client)
    number = version.facts["version"]
    with name_lock(recipe, "backend"):
        if is_known(client, recipe.name, number, backend):
            return
        from seqloom.registry import exported_versions  # torch: seconds that only a new backend needs

        with watched("backend", artifact_key(recipe, "backend", "progress")) as progress:
            try:
                line = exported_versions.export_version(
                    f"models:/{recipe.name}/{number}", home, backend, progress
                ).headline
            except UserError as mistake:  # such as a model too small for 8 bits, which training alone could tell
                line = f"{backend} is not made: {mistake}"
    get_run_logger().info("%s", line)
    watcher = audience.get()
    if watcher:
        watcher.finished("backend", line, monotonic() - started)
    key = artifact_key(recipe, "backend")
    page = f"## {recipe.name}, version {number}, as {backend}\n\n{line}\n"
    call_prefect("the backend", lambda: create_markdown_artifact(page, key=key, description=line))
