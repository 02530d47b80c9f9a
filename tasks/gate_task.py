"""Prefect tasks of the gate: verdict on a challenger, approval by a person, promotion to champion."""

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

from seqloom.artifact.cache_key import GATE
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.registry import evidence, gate_runner, versions
from seqloom.registry.gate import Verdict
from seqloom.registry.gate_runner import GateDecision
from seqloom.registry.mlflow_tracking import OUTAGE_LIMIT, connect, wait_for_mlflow
from tasks.prefect_client import call_prefect, prefect_is_embedded
from tasks.progress_artifacts import audience, watched
from tasks.run_names import artifact_key, task_name
from tasks.stage_runner import name_lock, patient_task, report

logger = logging.getLogger("seqloom.tasks")  # a child of "seqloom", whose warnings reach the terminal and the run's log

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


def pass_gate(
    recipe: Recipe, corpus: State[Manifest], evaluation: State[Manifest], version: State[Manifest]
) -> State[Manifest]:
    """Judge the version, ask a person where the recipe wants one, and move the champion if all agree.

    Verdicts are cached by version, rules and rows; a decision made in another run for the same version stands. Runs
    of one name pass one after the other, each compared with the champion that the one before left. The lock is
    released while approval is awaited; if the champion has changed by then, the gate starts again.
    """
    with name_lock(recipe, "gate"):
        verdict = judge(recipe, corpus, evaluation, version)
        if verdict is None or not needs_a_person(recipe, verdict):
            return promote(recipe, corpus, evaluation, version, verdict, GateDecision(True))
    decision = ask(recipe, verdict)
    with name_lock(recipe, "gate"):
        holds = gate_runner.still_holds(connect(home_folder()), verdict)
        if holds or not decision.approved:
            return promote(recipe, corpus, evaluation, version, verdict, decision)
    return pass_gate(recipe, corpus, evaluation, version)


@patient_task(name="gate", task_run_name=task_name("gate"))
def judge(recipe: Recipe, corpus: Manifest, evaluation: Manifest, version: Manifest) -> Verdict | None:
    """Compare the version with the champion, both scored now on the same rows; return None if it was judged before."""
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


@patient_task(name="promotion", task_run_name=task_name("promotion"))
def promote(
    recipe: Recipe,
    corpus: Manifest,
    evaluation: Manifest,
    version: Manifest,
    verdict: Verdict | None,
    decision: GateDecision,
) -> State[Manifest]:
    """Write the decision to the registry, and move the alias champion if the version passed and was approved."""
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
    return report(recipe, manifest, cached=settled)


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
