"""Flow that compares what a served model is asked with what it has learned from, and raises an alert."""

from datetime import datetime
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows.parameters import checked_by_recipe_rules
from seqloom.registry.model_drift import ModelDrift
from tasks.headlines import DRIFT
from tasks.request_drift_task import watch_requests


def _run_name() -> str:
    return f"{flow_run.parameters['model']} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="drift", flow_run_name=_run_name, validate_parameters=False)
@checked_by_recipe_rules
def drift(model: str, log: str, answers: Annotated[int, Field(ge=0, le=100_000)] = 300) -> State[ModelDrift]:
    """Say how far the texts of a request log are from those that a version has learned from.

    Scores are metrics of the version's run. Where one exceeds serving.drift_limit of its recipe, the event
    seqloom.requests.drifted is emitted, to which an automation may react.

    Args:
        model: models:/NAME@champion or models:/NAME/VERSION, whose corpus is on the machine that runs.
        log: The request log on the machine that runs: a folder of seqloom serve --log, or a file.
        answers: Texts, asked ones and validation rows each, that it answers to compare its confidence; 0: none.
    """
    found = watch_requests(model, log, answers)
    return Completed(name=DRIFT[bool(found.moved)], message=found.headline, data=found)
