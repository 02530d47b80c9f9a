"""A person decides in the Prefect UI: the flow pauses with a form, and goes on with what was filled in."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest
from mlflow.exceptions import MlflowException
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.context import refresh_global_settings_context
from prefect.flow_runs import resume_flow_run

from seqloom.recipe.schema import Recipe
from seqloom.registry import gate_runner
from seqloom.registry.gate import Verdict
from seqloom.registry.gate_finding import Finding
from seqloom.registry.gate_runner import GateDecision
from tasks import approval, gate_task
from tasks.prefect_client import EMBEDDED
from tests.registry.tiny import manifest, recipe_named

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PASSED = Verdict("approved", 2, 1, [Finding("chrF above the champion", "1.00", "2.00", "+1.00")], 30)
REFUSED = Verdict("approved", 2, 1, [Finding("chrF above the champion", "2.00", "1.00", "-1.00", False)], 30)
MANUAL = recipe_named("approved", registry={"approval": "manual", "approval_hours": 0.01})


@pytest.fixture(scope="module")
def server(prefect: dict[str, str]) -> Iterator[None]:
    with patch.dict(os.environ, prefect):
        refresh_global_settings_context()
        yield
    refresh_global_settings_context()


@pytest.fixture
def _a_server_of_the_user(server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server is None
    monkeypatch.delenv(EMBEDDED, raising=False)
    monkeypatch.setattr(approval, "SECONDS_BETWEEN_POLLS", 0.2)
    monkeypatch.setattr(gate_runner, "is_settled", lambda *_: False)


@flow(name="asking")
def asking(recipe: Recipe = MANUAL) -> dict[str, Any]:
    return vars(approval.ask(recipe, PASSED))


def paused(name: str) -> Any:
    """The flow run, as soon as it waits."""
    wanted = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
    with get_client(sync_client=True) as client:
        while True:
            for run in client.read_flow_runs(flow_run_filter=wanted):
                if run.state and run.state.is_paused():
                    return run


@pytest.mark.usefixtures("_a_server_of_the_user")
@pytest.mark.parametrize(
    ("filled_in", "decision"),
    [
        ({"decision": "approve", "reason": "reads well", "name": "Ann"}, GateDecision(True, "Ann", "reads well")),
        (
            {"decision": "decline", "reason": "not on a Friday", "name": "Ben"},
            GateDecision(False, "Ben", "not on a Friday"),
        ),
    ],
)
def test_the_flow_waits_for_a_person(filled_in: dict[str, Any], decision: GateDecision) -> None:
    name = f"asking-{filled_in['decision']}"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asking.with_options(flow_run_name=name))
        run = paused(name)
        resume_flow_run(run.id, run_input=filled_in)
        assert answer.result(60) == vars(decision)


@pytest.mark.usefixtures("_a_server_of_the_user")
def test_silence_is_a_no_and_the_flow_ends_well() -> None:
    hurried = recipe_named("approved", registry={"approval": "manual", "approval_hours": 0.0005})
    state = asking.with_options(flow_run_name="asking-nobody")(hurried, return_state=True)
    assert state.is_completed(), state
    assert state.result() == vars(GateDecision(False, "nobody", "no answer within 0.0005 hours"))


@pytest.mark.usefixtures("_a_server_of_the_user")
@pytest.mark.parametrize("away", [MlflowException("away"), None], ids=["MLflow away at first", "MLflow there"])
def test_what_was_decided_in_another_run_is_not_waited_for(
    away: MlflowException | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([*([away] if away else []), False, True])

    def is_settled(*_: object) -> bool:
        found = next(looks, True)
        if isinstance(found, MlflowException):
            raise found
        return found

    monkeypatch.setattr(gate_runner, "is_settled", is_settled)
    state = asking.with_options(flow_run_name=f"asking-twice-{away}")(return_state=True)
    assert state.is_completed(), state
    assert state.result() == vars(GateDecision(False, "nobody", "was decided in another run"))


@pytest.mark.parametrize(
    ("recipe", "verdict", "asked"),
    [(MANUAL, PASSED, True), (MANUAL, REFUSED, False), (MANUAL, None, False), (recipe_named("a"), PASSED, False)],
)
def test_who_is_asked(recipe: Recipe, verdict: Verdict | None, asked: bool) -> None:
    assert approval.needs_a_person(recipe, verdict) is asked


def test_nobody_sees_an_embedded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EMBEDDED, "1")
    assert approval.ask(MANUAL, PASSED) == GateDecision(None)


@pytest.mark.parametrize("approved", [True, False])
def test_a_champion_that_moved_while_a_person_thought(
    approved: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A yes was to other figures: all begins anew. A no stays a no."""
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path))
    found = iter([PASSED, replace(PASSED, champion=3)])
    decision = GateDecision(approved, "Ann", "go")
    seen: list[int | None] = []
    monkeypatch.setattr(gate_task, "judge", lambda *_: next(found))
    monkeypatch.setattr(gate_task, "ask", lambda _, verdict: seen.append(verdict.champion) or decision)
    monkeypatch.setattr(gate_task, "promote", lambda *given: given[4:])
    monkeypatch.setattr(gate_runner, "aliases_of", lambda *_: {"champion": 3})
    monkeypatch.setattr(gate_runner, "_run_of", lambda *_: PASSED.run_id)
    monkeypatch.setattr(gate_task, "connect", lambda _: Mock())
    told = gate_task.pass_gate(MANUAL, *[manifest("corpus")] * 3)
    assert seen == ([1, 3] if approved else [1])
    assert told == (replace(PASSED, champion=seen[-1]), decision)


def test_the_form_asks_for_all_and_suggests_nothing() -> None:
    schema = approval.Approval.model_json_schema()
    fields = {name: schema["properties"][name] for name in ("decision", "reason", "name")}
    assert set(schema["required"]) == set(fields)
    assert not [name for name, field in fields.items() if "default" in field], "a person chooses and signs"
    assert fields["decision"]["enum"] == ["approve", "decline"]
    assert {name for name, field in fields.items() if field.get("pattern") == r"\S"} == {"reason", "name"}
    assert all(field["description"] for field in fields.values())
