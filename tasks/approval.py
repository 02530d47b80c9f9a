"""Approval of a version by a person, in the UI of Prefect: the form, the wait and its deadline."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Literal
from uuid import UUID

from mlflow.exceptions import MlflowException
from prefect.client.orchestration import get_client
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from pydantic import Field

from seqloom.artifact.home_folder import home_folder
from seqloom.recipe.schema import Recipe
from seqloom.registry import evidence, gate_runner
from seqloom.registry.gate import Verdict
from seqloom.registry.gate_runner import GateDecision
from seqloom.registry.mlflow_tracking import OUTAGE_LIMIT, connect
from tasks.prefect_client import call_prefect, prefect_is_embedded
from tasks.progress_artifacts import audience

SECONDS_BETWEEN_POLLS = 5  # of whether a person has decided
GRACE = 600  # seconds by which the pause outlasts the wait for approval
NOT_BLANK = r"\S"


class Approval(RunInput):
    """The form that a person fills in; without defaults, so that no answer is given by accident."""

    decision: Literal["approve", "decline"] = Field(
        description="approve makes this version the champion, decline leaves the champion where it is."
    )
    reason: str = Field(pattern=NOT_BLANK, description="Why, or why not: it is kept with the version.")
    name: str = Field(pattern=NOT_BLANK, description="Your name: who decides is kept with the version.")


def needs_a_person(recipe: Recipe, verdict: Verdict | None) -> bool:
    """Return whether the recipe asks for approval and the version passed."""
    return recipe.registry.approval == "manual" and verdict is not None and verdict.passed


def ask(recipe: Recipe, verdict: Verdict) -> GateDecision:
    """Return the decision of a person, made in Prefect's UI, on a version that passed; no answer in time is a no.

    If the same version was decided in another run meanwhile, a no is returned that has no effect: that decision stands.
    """
    if prefect_is_embedded():  # nobody sees the UI of a server that lives inside this run
        return GateDecision(None)
    form = Approval.with_initial_data(description=evidence.in_sentences(verdict))
    hours = recipe.registry.approval_hours
    _announce_wait(verdict, hours)
    with _answered_at_deadline(verdict, hours):
        answer = pause_flow_run(
            form, timeout=round(hours * 3600 + OUTAGE_LIMIT) + GRACE, poll_interval=SECONDS_BETWEEN_POLLS
        )
    return GateDecision(answer.decision == "approve", answer.name, answer.reason)


@contextmanager
def _answered_at_deadline(verdict: Verdict, hours: float) -> Iterator[None]:
    """Decline in the name of nobody when the time is up or the version was decided elsewhere, by Prefect's resume API.

    A pause of Prefect's that times out would fail the flow run. If a person answered first, Prefect refuses this second
    answer; if the flow has not reached its pause yet, the next attempt finds it there.
    """
    run, answered, deadline = UUID(str(flow_run.id)), Event(), monotonic() + hours * 3600

    def reason_to_decline() -> str:
        if monotonic() > deadline:
            return f"no answer within {hours:g} hours"
        return "was decided in another run" if _is_settled_elsewhere(verdict) else ""

    def answer(reason: str) -> None:
        with get_client(sync_client=True) as client:
            client.resume_flow_run(run, {"decision": "decline", "reason": reason, "name": "nobody"})

    def wait() -> None:
        while not answered.wait(SECONDS_BETWEEN_POLLS):
            if reason := reason_to_decline():
                call_prefect("that nobody answers", partial(answer, reason))

    Thread(target=copy_context().run, args=(wait,), daemon=True).start()
    try:
        yield
    finally:
        answered.set()


def _is_settled_elsewhere(verdict: Verdict) -> bool:
    try:
        return gate_runner.is_settled(connect(home_folder()), verdict.name, verdict.version, verdict.key)
    except (MlflowException, OSError):  # it is away, or the version is: whoever answers finds out
        return False


def _announce_wait(verdict: Verdict, hours: float) -> None:
    waits = f"{evidence.title(verdict)} holds every rule and waits {hours:g} hours for a person, who presses Resume at"
    get_run_logger().info("%s %s", waits, flow_run.ui_url)
    watcher = audience.get()
    if watcher:
        watcher.warned(f"{waits} {flow_run.ui_url}")
