"""Flow that lists or removes artifacts which no registered version and no recent run needs."""

from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.parameters import checked_by_recipe_rules
from seqloom.artifact.home_folder import home_folder
from seqloom.registry import garbage_collection
from seqloom.registry.garbage_collection import CleanUp
from tasks.prefect_client import call_prefect
from tasks.stage_runner import stage_task


@flow(name="clean-up", flow_run_name="artifacts unused for {days} days · delete: {delete}", validate_parameters=False)
@checked_by_recipe_rules
def clean_up(days: Annotated[int, Field(ge=0)] = 30, delete: bool = False) -> State[CleanUp]:
    """Say what the store could do without, a stage at a time, and remove it where delete is on.

    Args:
        days: Days for which a stage that a run asked for is kept, whether or not a version came of it.
        delete: Really remove it; else nothing is touched.
    """
    done = clear_artifacts(days, delete)
    return Completed(message=done.headline, data=done)


@stage_task(name="clean up")
def clear_artifacts(days: int, delete: bool) -> CleanUp:
    """List or remove the folders, and leave the table in Prefect's UI."""
    done = garbage_collection.clean_up(home_folder(), days, delete)
    rows = [share.row for share in done.shares]
    call_prefect("the table", lambda: create_table_artifact(rows, key="clean-up", description=done.headline))
    return done
