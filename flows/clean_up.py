"""Artifacts that no registered version and no recent run needs."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.parameters import told_in_words
from seqloom.registry.garbage_collection import CleanUp
from tasks.artifact_cleanup import clear_artifacts


@flow(name="clean-up", flow_run_name="artifacts unused for {days} days · delete: {delete}", validate_parameters=False)
@told_in_words
def clean_up(days: Annotated[int, Field(ge=0)] = 30, delete: bool = False) -> State[CleanUp]:
    """Say what the store could do without, a stage at a time, and remove it where delete is on.

    Args:
        days: Days for which a stage that a run asked for is kept, whether or not a version came of it.
        delete: Really remove it; else nothing is touched.
    """
    done = clear_artifacts(days, delete)
    return Completed(message=done.headline, data=done)
