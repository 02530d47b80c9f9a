"""The store cleaned up, as Prefect sees it."""

from prefect.artifacts import create_table_artifact

from seqloom.artifact.home_folder import home_folder
from seqloom.registry.garbage_collection import CleanUp, clean_up
from tasks.retries import tell_prefect
from tasks.stage_runner import stage_task


@stage_task(name="clean up")
def clear_artifacts(days: int, delete: bool) -> CleanUp:
    """Judge every folder, remove what nobody needs where that is asked for, and leave the table in the UI."""
    done = clean_up(home_folder(), days, delete)
    rows = [share.row for share in done.shares]
    tell_prefect("the table", lambda: create_table_artifact(rows, key="clean-up", description=done.headline))
    return done
