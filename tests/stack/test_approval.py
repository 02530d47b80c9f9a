"""A person decides about a run of a worker, as the Prefect UI lets them: with the evidence, once, and on record."""

import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psutil
import pytest
import yaml
from mlflow import MlflowClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling

from seqloom.registry.model_history import history
from tests.conftest import SILENCE
from tests.flows.conftest import DATA, RECIPE
from tests.stack.stack_process import RunningStack

TINY: dict[str, Any] = yaml.safe_load(RECIPE) | {
    "name": "asked",
    "corpus": {"train": [str(DATA)], "source_language": "en", "target_language": "de"},
}


def recipe(description: str, **rules: Any) -> dict[str, Any]:
    """Another description is another version of the same checkpoint: nothing is trained for it."""
    return TINY | {
        "registry": {"beat_baselines": False, "approval": "manual", "description": description, **rules},
    }


def is_paused(run: FlowRun) -> bool:
    assert run.state
    assert not run.state.is_final(), run.state
    return run.state.is_paused()


def resumed(stack: RunningStack, run: UUID, answer: dict[str, Any]) -> tuple[str, str]:
    """What the button in the UI gets for this form: the status, and why not."""
    with stack.client() as client:
        told = client.request("POST", "/flow_runs/{id}/resume", path_params={"id": run}, json={"run_input": answer})
    return told.json()["status"], told.json()["details"].get("reason") or ""


@pytest.fixture(scope="module")
def client(stack: RunningStack) -> MlflowClient:
    return MlflowClient(stack.mlflow_url)


@pytest.fixture(scope="module")
def first(stack: RunningStack) -> UUID:
    """A run that waits."""
    run = stack.run("train-on-demand", recipe("one"))
    stack.wait(run, is_paused)
    return run


@pytest.fixture(scope="module")
def forgotten(stack: RunningStack, first: UUID) -> UUID:  # noqa: ARG001  (version 1 is its)
    """A run of the next version that waits as well, through the tests that follow."""
    run = stack.run("train-on-demand", recipe("two"))
    stack.wait(run, is_paused)
    return run


def test_the_evidence_and_the_form_are_in_the_ui(stack: RunningStack, first: UUID) -> None:
    with stack.client() as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["asked-gate-evidence"]))
        [table] = client.read_artifacts(artifact_filter=wanted)
        state = client.read_flow_run(first).state
        assert state
        assert state.state_details.run_input_keyset
        keys = state.state_details.run_input_keyset
        shown = {what: client.read_flow_run_input(first, keys[what]) for what in ("description", "schema")}
    assert "answers in a fresh process" in str(table.data)
    assert json.loads(shown["description"]).startswith("# asked, version 1: holds every rule")
    assert json.loads(shown["schema"])["properties"].keys() == {"decision", "reason", "name"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"decision": "approve"},
        {"reason": "x", "name": "Ann"},
        {"decision": "approve", "reason": "x"},
        {"decision": "approve", "reason": " ", "name": "Ann"},
        {"decision": "approve", "reason": "x", "name": ""},
    ],
)
def test_without_a_choice_a_reason_and_a_name_nothing_is_decided(
    stack: RunningStack, first: UUID, client: MlflowClient, answer: dict[str, Any]
) -> None:
    status, why = resumed(stack, first, answer)
    assert status == "REJECT"
    assert why
    assert stack.wait(first, is_paused)
    assert client.get_registered_model("asked").aliases == {"challenger": "1"}


def test_a_no_is_recorded_and_stands_for_every_run_that_asked(
    stack: RunningStack, first: UUID, client: MlflowClient
) -> None:
    second = stack.run("train-on-demand", recipe("one"))  # for the same version
    stack.wait(second, is_paused)
    assert resumed(stack, first, {"decision": "decline", "reason": "not on a Friday", "name": "Ann"})[0] == "ACCEPT"
    assert resumed(stack, first, {"decision": "approve", "reason": "or is it?", "name": "Ben"}) == (
        "ABORT",
        "Cannot resume a flow run that is not paused.",
    )
    for run in (first, second):
        ended = stack.wait_for_end(run)
        assert ended.state
        assert ended.state.is_completed(), ended.state
        assert (ended.state.name, ended.state.message) == (
            "Declined",
            "version 1 was declined: Ann: not on a Friday",
        ), "the list of runs tells it"
    tags = client.get_model_version("asked", "1").tags
    assert (tags["seqloom.verdict"], tags["seqloom.verdict.why"]) == ("declined", "Ann: not on a Friday")
    assert "champion" not in client.get_registered_model("asked").aliases
    assert [(event.what, event.why) for event in history(client, "asked") if event.what != "registered"] == [
        ("declined", "Ann: not on a Friday")
    ]


@pytest.mark.usefixtures("forgotten")
def test_a_yes_is_recorded_and_moves_the_champion(stack: RunningStack, client: MlflowClient) -> None:
    run = stack.run("train-on-demand", recipe("three"))
    stack.wait(run, is_paused)
    assert resumed(stack, run, {"decision": "approve", "reason": "reads well", "name": "Ben"})[0] == "ACCEPT"
    ended = stack.wait_for_end(run)
    assert ended.state
    assert ended.state.is_completed(), ended.state
    assert client.get_registered_model("asked").aliases["champion"] == "3"
    [told] = [event for event in history(client, "asked") if event.what == "champion"]
    assert told.why.endswith("; approved by Ben: reads well")
    assert str(run) in told.by


@pytest.mark.usefixtures("forgotten")
def test_silence_is_recorded_as_a_no(stack: RunningStack, client: MlflowClient) -> None:
    run = stack.run("train-on-demand", recipe("four", policy="not-worse", approval_hours=0.001))
    ended = stack.wait_for_end(run)
    assert ended.state
    assert ended.state.is_completed(), ended.state
    assert client.get_model_version("asked", "4").tags["seqloom.verdict.why"] == "nobody: no answer within 0.001 hours"
    assert resumed(stack, run, {"decision": "approve", "reason": "too late", "name": "Ben"})[0] == "ABORT"


@pytest.mark.usefixtures("forgotten")
def test_a_version_that_was_deleted_while_somebody_thought(stack: RunningStack, client: MlflowClient) -> None:
    run = stack.run("train-on-demand", recipe("five", policy="not-worse"))
    stack.wait(run, is_paused)
    before = dict(client.get_registered_model("asked").aliases)
    client.delete_model_version("asked", "5")
    assert resumed(stack, run, {"decision": "approve", "reason": "go", "name": "Ben"})[0] == "ACCEPT"
    state = stack.wait_for_end(run).state
    assert state
    assert state.is_failed()
    assert "version 5 of asked was deleted after it was judged: there is nothing to decide any more" in str(
        state.message
    )
    after = dict(client.get_registered_model("asked").aliases)
    assert after == {alias: number for alias, number in before.items() if number != "5"}


def test_a_run_may_wait_longer_than_the_silence_of_the_lost_and_be_cancelled(
    stack: RunningStack, forgotten: UUID
) -> None:
    state = stack.wait(forgotten, is_paused).state
    assert state
    time.sleep(max(0, SILENCE + 15 - (datetime.now(UTC) - state.timestamp).total_seconds()))
    stack.wait(forgotten, is_paused)
    processes = stack.processes_of_run(forgotten)
    assert processes
    with stack.client() as client:
        client.set_flow_run_state(forgotten, Cancelling())
    ended = stack.wait_for_end(forgotten, 30)
    assert ended.state
    assert ended.state.is_cancelled(), ended.state
    assert not psutil.wait_procs(processes, timeout=30)[1]
