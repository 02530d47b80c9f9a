"""A person decides about a run, as the Prefect UI lets them: with the evidence, once, and on record.

One run is a worker's, and waits through all of this (tests/stack/test_stack.py cancels it). The others come to the end
that they are answered, whoever runs them: a user of the stack in a process forked with everything imported.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from mlflow import MlflowClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowRunFilter, FlowRunFilterName

from seqloom.registry.model_history import history
from tests.flows.command_process import Fork
from tests.stack.conftest import asked, is_paused
from tests.stack.stack_process import RunningStack

Begin = Callable[..., UUID]


def train(name: str, recipe: dict[str, Any]) -> None:
    """A flow run with this name."""
    from flows.data_to_model import data_to_model
    from seqloom.recipe.schema import Recipe

    data_to_model.with_options(flow_run_name=name)(recipe=Recipe.model_validate(recipe), return_state=True)


@pytest.fixture
def begin(stack: RunningStack) -> Iterator[Begin]:
    """Runs of a user: each ends with its process."""
    forks = []

    def begin(name: str, recipe: dict[str, Any]) -> UUID:
        forks.append(Fork(train, name, recipe, cwd=stack.home, env=stack.environment))
        named = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
        with stack.client() as client:
            while not (found := client.read_flow_runs(flow_run_filter=named)):
                assert not forks[-1].ended(), forks[-1].said()
                time.sleep(0.2)
        return found[0].id

    yield begin
    assert [fork.wait(30).returncode for fork in forks] == [0] * len(forks)


def resumed(stack: RunningStack, run: UUID, answer: dict[str, Any]) -> tuple[str, str]:
    """What the button in the UI gets for this form: the status, and why not."""
    with stack.client() as client:
        told = client.request("POST", "/flow_runs/{id}/resume", path_params={"id": run}, json={"run_input": answer})
    return told.json()["status"], told.json()["details"].get("reason") or ""


@pytest.fixture(scope="module")
def client(stack: RunningStack) -> MlflowClient:
    return MlflowClient(stack.mlflow_url)


def test_the_evidence_and_the_form_are_in_the_ui(stack: RunningStack, waiting: UUID) -> None:
    with stack.client() as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["asked-gate-evidence"]))
        [table] = client.read_artifacts(artifact_filter=wanted)
        state = client.read_flow_run(waiting).state
        assert state
        assert state.state_details.run_input_keyset
        keys = state.state_details.run_input_keyset
        shown = {what: client.read_flow_run_input(waiting, keys[what]) for what in ("description", "schema")}
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
    stack: RunningStack, waiting: UUID, client: MlflowClient, answer: dict[str, Any]
) -> None:
    status, why = resumed(stack, waiting, answer)
    assert status == "REJECT"
    assert why
    assert stack.wait(waiting, is_paused)
    assert client.get_registered_model("asked").aliases == {"challenger": "1"}


@pytest.mark.usefixtures("waiting")
def test_a_no_is_recorded_and_stands_for_every_run_that_asked(
    stack: RunningStack, client: MlflowClient, begin: Begin
) -> None:
    first = begin("two", asked("two"))
    stack.wait(first, is_paused)
    second = begin("two again", asked("two"))  # for the same version
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
            "version 2 was declined: Ann: not on a Friday",
        ), "the list of runs tells it"
    tags = client.get_model_version("asked", "2").tags
    assert (tags["seqloom.verdict"], tags["seqloom.verdict.why"]) == ("declined", "Ann: not on a Friday")
    assert "champion" not in client.get_registered_model("asked").aliases
    assert [(event.what, event.why) for event in history(client, "asked") if event.what != "registered"] == [
        ("declined", "Ann: not on a Friday")
    ]


@pytest.mark.usefixtures("waiting")
def test_a_yes_is_recorded_and_moves_the_champion(stack: RunningStack, client: MlflowClient, begin: Begin) -> None:
    run = begin("three", asked("three"))
    stack.wait(run, is_paused)
    assert resumed(stack, run, {"decision": "approve", "reason": "reads well", "name": "Ben"})[0] == "ACCEPT"
    ended = stack.wait_for_end(run)
    assert ended.state
    assert ended.state.is_completed(), ended.state
    assert client.get_registered_model("asked").aliases["champion"] == "3"
    [told] = [event for event in history(client, "asked") if event.what == "champion"]
    assert told.why.endswith("; approved by Ben: reads well")
    assert str(run) in told.by


@pytest.mark.usefixtures("waiting")
def test_silence_is_recorded_as_a_no(stack: RunningStack, client: MlflowClient, begin: Begin) -> None:
    run = begin("four", asked("four", policy="not-worse", approval_hours=0.001))
    ended = stack.wait_for_end(run)
    assert ended.state
    assert ended.state.is_completed(), ended.state
    assert client.get_model_version("asked", "4").tags["seqloom.verdict.why"] == "nobody: no answer within 0.001 hours"
    assert resumed(stack, run, {"decision": "approve", "reason": "too late", "name": "Ben"})[0] == "ABORT"


@pytest.mark.usefixtures("waiting")
def test_a_version_that_was_deleted_while_somebody_thought(
    stack: RunningStack, client: MlflowClient, begin: Begin
) -> None:
    run = begin("five", asked("five", policy="not-worse"))
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
