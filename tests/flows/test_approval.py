"""A person decides in the Prefect UI: the flow pauses with a form, and goes on with what was filled in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.flow_runs import resume_flow_run
from prefect.testing.utilities import prefect_test_harness

from seqloom.recipe.schema import Recipe
from seqloom.registry.gate import Finding, Verdict
from seqloom.registry.judging import Decision
from tasks import gating
from tasks.embedded import EMBEDDED
from tests.registry.tiny import recipe_named

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PASSED = Verdict("approved", 2, 1, [Finding("chrF above the champion", "1.00", "2.00", "+1.00")], 30)
REFUSED = Verdict("approved", 2, 1, [Finding("chrF above the champion", "2.00", "1.00", "-1.00", False)], 30)
MANUAL = recipe_named("approved", registry={"approval": "manual", "approval_hours": 0.01})


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def _a_server_of_the_user(server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server is None
    monkeypatch.delenv(EMBEDDED, raising=False)
    monkeypatch.setattr(gating, "SECONDS_BETWEEN_LOOKS", 0.2)


@flow(name="asking")
def asking(recipe: Recipe = MANUAL) -> dict[str, Any]:
    return vars(gating.ask(recipe, PASSED))


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
        ({"approve": True, "reason": "reads well", "name": "Ann"}, Decision(True, "Ann", "reads well")),
        ({"approve": False, "reason": "not on a Friday"}, Decision(False, "somebody", "not on a Friday")),
    ],
)
def test_the_flow_waits_for_a_person(filled_in: dict[str, Any], decision: Decision) -> None:
    name = f"asking-{filled_in['approve']}"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asking.with_options(flow_run_name=name))
        run = paused(name)
        resume_flow_run(run.id, run_input=filled_in)
        assert answer.result(60) == vars(decision)


@pytest.mark.usefixtures("_a_server_of_the_user")
def test_silence_is_a_no_and_the_flow_ends_well() -> None:
    hurried = recipe_named("approved", registry={"approval": "manual", "approval_hours": 0.002})
    state = asking.with_options(flow_run_name="asking-nobody")(hurried, return_state=True)
    assert state.is_completed(), state
    assert state.result() == vars(Decision(False, "nobody", "no answer within 0.002 hours"))


@pytest.mark.parametrize("embedded", ["", "1"])
def test_who_is_not_asked(monkeypatch: pytest.MonkeyPatch, embedded: str) -> None:
    monkeypatch.setenv(EMBEDDED, embedded)
    assert gating.ask(recipe_named("automatic"), PASSED) == Decision(True)
    assert gating.ask(MANUAL, REFUSED) == Decision(True)
    assert gating.ask(MANUAL, None) == Decision(True)
    if embedded:
        assert gating.ask(MANUAL, PASSED) == Decision(None)


def test_the_form_asks_for_a_reason() -> None:
    fields = gating.Approval.model_json_schema()["properties"]
    assert {"approve", "reason", "name"} <= set(fields)
    assert fields["reason"]["minLength"] == 1
    assert all(field["description"] for name, field in fields.items() if name in ("approve", "reason", "name"))
