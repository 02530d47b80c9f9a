"""The gate between a challenger and those who load the champion."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Any, Literal
from uuid import UUID

from mlflow.exceptions import MlflowException
from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from pydantic import Field

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.artifact.stage_key import GATE
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.registry import evidence, gate_runner, versions
from seqloom.registry.gate import Verdict
from seqloom.registry.gate_runner import GateDecision
from seqloom.registry.tracking import OUTAGE_LIMIT, connect, wait_for_mlflow
from tasks.prefect_client import call_prefect, prefect_is_embedded
from tasks.progress_artifacts import audience, watched
from tasks.run_names import artifact_key, task_name
from tasks.stage_runner import alone, patient_task, tell

logger = logging.getLogger("seqloom.tasks")  # among the library's, whose warnings people are told

SECONDS_BETWEEN_LOOKS = 5  # whether a person has decided
GRACE = 600  # seconds that a pause lasts longer than anybody waits
SOMETHING = r"\S"  # more than white space


class Approval(RunInput):
    """The form that a person fills in; nothing is filled in before, so that no answer is given by accident."""

    decision: Literal["approve", "decline"] = Field(
        description="approve makes this version the champion, decline leaves the champion where it is."
    )
    reason: str = Field(pattern=SOMETHING, description="Why, or why not: it is kept with the version.")
    name: str = Field(pattern=SOMETHING, description="Your name: who decides is kept with the version.")


def pass_gate(
    recipe: Recipe, corpus: State[Manifest], evaluation: State[Manifest], version: State[Manifest]
) -> State[Manifest]:
    """Judge the version, ask a person where the recipe wants one, and move the champion if all agree.

    A version is judged once by the same rules on the same rows: what a person decided since stands, be it in another
    run that asked. Runs of one name pass one after the other, each measured against what the one before left. Nobody
    else waits while a person thinks: where the champion is another when the answer comes, all begins anew.
    """
    with alone(recipe, "gate"):
        verdict = judge(recipe, corpus, evaluation, version)
        if verdict is None or not needs_a_person(recipe, verdict):
            return promote(recipe, corpus, evaluation, version, verdict, GateDecision(True))
    decision = ask(recipe, verdict)
    with alone(recipe, "gate"):
        holds = gate_runner.still_holds(connect(home_folder()), verdict)
        if holds or not decision.approved:
            return promote(recipe, corpus, evaluation, version, verdict, decision)
    return pass_gate(recipe, corpus, evaluation, version)


@patient_task(name="gate", task_run_name=task_name("gate"))
def judge(recipe: Recipe, corpus: Manifest, evaluation: Manifest, version: Manifest) -> Verdict | None:
    """Compare the version with the champion, now and on the same rows; None where it was judged already."""
    client = connect(home_folder())
    wait_for_mlflow(client)
    name, number = recipe.name, version.facts["version"]
    verdict_key = _key(recipe, corpus, evaluation, version)
    if gate_runner.is_settled(client, name, number, verdict_key):
        return None
    challenger = versions.describe(client, name, str(number))
    with watched("gate", artifact_key(recipe, "gate", "progress")) as progress:
        verdict = gate_runner.judge_version(client, recipe, corpus.path, evaluation, challenger, verdict_key, progress)
    gate_runner.keep_evidence(client, verdict, challenger.run_id)
    for sentence in verdict.warnings:
        logger.warning("%s: %s", evidence.title(verdict), sentence)
    key = artifact_key(recipe, "gate", "evidence")
    rows = evidence.table(verdict)
    call_prefect("the evidence", lambda: create_table_artifact(rows, key=key, description=verdict.why))
    return verdict


def needs_a_person(recipe: Recipe, verdict: Verdict | None) -> bool:
    """Whether the recipe wants one, and there is something to decide."""
    return recipe.registry.approval == "manual" and verdict is not None and verdict.passed


def ask(recipe: Recipe, verdict: Verdict) -> GateDecision:
    """What a person says, in the Prefect UI, to a version that holds every rule; silence is a no.

    Where a person has answered another run that asked for the same version, the answer here is a no that counts for
    nothing: what was decided there stands.
    """
    if prefect_is_embedded():  # nobody sees the UI of a server that lives inside this run
        return GateDecision(None)
    form = Approval.with_initial_data(description=evidence.in_sentences(verdict))
    hours = recipe.registry.approval_hours
    _tell_that_we_wait(verdict, hours)
    with _nobody_waits_in_vain(verdict, hours):
        answer = pause_flow_run(
            form, timeout=round(hours * 3600 + OUTAGE_LIMIT) + GRACE, poll_interval=SECONDS_BETWEEN_LOOKS
        )
    return GateDecision(answer.decision == "approve", answer.name, answer.reason)


@contextmanager
def _nobody_waits_in_vain(verdict: Verdict, hours: float) -> Iterator[None]:
    """Answer in the place of a person who does not, or has no need to any more, by the door that people use.

    A pause of Prefect's that runs out fails the flow run, and ours has its answer. Where a person was first, Prefect
    refuses a second answer; where the flow has not come to its pause yet, the next try finds it there.
    """
    run, answered, deadline = UUID(str(flow_run.id)), Event(), monotonic() + hours * 3600

    def why_no_more() -> str:
        if monotonic() > deadline:
            return f"no answer within {hours:g} hours"
        return "was decided in another run" if _is_settled_elsewhere(verdict) else ""

    def answer(reason: str) -> None:
        with get_client(sync_client=True) as client:
            client.resume_flow_run(run, {"decision": "decline", "reason": reason, "name": "nobody"})

    def wait() -> None:
        while not answered.wait(SECONDS_BETWEEN_LOOKS):
            if reason := why_no_more():
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


def _tell_that_we_wait(verdict: Verdict, hours: float) -> None:
    waits = f"{evidence.title(verdict)} holds every rule and waits {hours:g} hours for a person, who presses Resume at"
    get_run_logger().info("%s %s", waits, flow_run.ui_url)
    watcher = audience.get()
    if watcher:
        watcher.warned(f"{waits} {flow_run.ui_url}")


@patient_task(name="promotion", task_run_name=task_name("promotion"))
def promote(
    recipe: Recipe,
    corpus: Manifest,
    evaluation: Manifest,
    version: Manifest,
    verdict: Verdict | None,
    decision: GateDecision,
) -> State[Manifest]:
    """Move the champion, or say why not."""
    home = home_folder()
    started = monotonic()
    key = _key(recipe, corpus, evaluation, version)
    client = connect(home)
    wait_for_mlflow(client)
    settled = gate_runner.is_settled(client, recipe.name, version.facts["version"], key)
    if verdict and not settled:
        gate_runner.settle(client, verdict, decision, f"flow run {flow_run.id}", home)
    facts = _facts(recipe, version)
    seconds = monotonic() - started + (verdict.seconds if verdict else 0.0)
    manifest = Manifest(GATE.name, key, key, version.folder, round(seconds, 3), facts)
    return tell(recipe, manifest, cached=settled)


def _key(recipe: Recipe, corpus: Manifest, evaluation: Manifest, version: Manifest) -> str:
    return GATE.key(recipe, [corpus.digest, evaluation.digest, version.digest])


def _facts(recipe: Recipe, version: Manifest) -> dict[str, Any]:
    client = connect(home_folder())
    name, number = recipe.name, version.facts["version"]
    tags = client.get_model_version(name, str(number)).tags
    return {
        "version": number,
        "task": recipe.task,
        "verdict": tags[gate_runner.VERDICT_TAG],
        "why": tags[gate_runner.WHY_TAG],
        "aliases": list(versions.describe(client, name, str(number)).aliases),
        "champion": versions.champion_scores(client, name, application_of(recipe.task)),
    }
