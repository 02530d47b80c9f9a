"""Prefect tasks of the gate: verdict on a challenger, approval where the recipe asks for it, promotion."""

import logging
from time import monotonic
from typing import Any

from mlflow import MlflowClient
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from seqloom.artifact.cache_key import GATE
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.registry import evidence, gate_runner, version_reports, versions
from seqloom.registry.gate import Verdict
from seqloom.registry.gate_runner import GateDecision
from seqloom.registry.mlflow_tracking import connect, wait_for_mlflow
from seqloom.registry.registered_version import Version
from tasks.approval import ask, needs_a_person
from tasks.prefect_client import call_prefect
from tasks.progress_artifacts import watched
from tasks.run_names import artifact_key, task_name
from tasks.stage_runner import name_lock, patient_task, report

logger = logging.getLogger("seqloom.tasks")  # a child of "seqloom", whose warnings reach the terminal and the run's log


def pass_gate(
    recipe: Recipe, corpus: Manifest | State[Manifest], evaluation: State[Manifest], version: State[Manifest]
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
    home = home_folder()
    client = connect(home)
    wait_for_mlflow(client)
    name, number = recipe.name, version.facts["version"]
    verdict_key = _key(recipe, corpus, evaluation, version)
    if gate_runner.is_settled(client, name, number, verdict_key):
        return None
    challenger = versions.describe(client, name, str(number))
    with watched("gate", artifact_key(recipe, "gate", "progress")) as progress:
        verdict = gate_runner.judge_version(
            client, recipe, corpus.path, evaluation, challenger, verdict_key, home, progress
        )
    gate_runner.keep_evidence(client, verdict, challenger.run_id)
    _log_report(client, challenger, evaluation)
    for sentence in verdict.warnings:
        logger.warning("%s: %s", evidence.title(verdict), sentence)
    key = artifact_key(recipe, "gate", "evidence")
    rows = evidence.table(verdict)
    call_prefect("the evidence", lambda: create_table_artifact(rows, key=key, description=verdict.why))
    return verdict


def _log_report(client: MlflowClient, challenger: Version, evaluation: Manifest) -> None:
    """Log the report again, with the verdict; what cannot be read of the evaluation costs the page, not the verdict."""
    try:
        version_reports.log_report(client, challenger, evaluation.path)
    except FileNotFoundError as error:
        logger.warning("the report of %s does not show the verdict: %s", challenger.uri, error)


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
