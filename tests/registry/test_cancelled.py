"""A cancelled flow run, and what it left open in MLflow."""

import signal
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock, patch
from uuid import uuid4

import pytest
from mlflow import MlflowClient
from prefect.exceptions import Abort, TerminationSignal
from prefect.states import Cancelling, Running, State

from seqloom.preemption import Preempted
from seqloom.registry.mlflow_runs import FlowRun, open_run
from tasks import cancellation
from tests.registry.tiny import corpus, recipe_named

ASKED, PART, OTHER = (uuid4() for _ in range(3))


@pytest.fixture
def prefect_says() -> Iterator[Mock]:
    """What Prefect's API knows of the flow run ASKED, whose part is PART."""
    client = Mock(**{"read_flow_runs.return_value": [Mock(id=PART)]})
    context = Mock(**{"get.return_value": Mock(flow_run=Mock(id=ASKED))})
    with patch.object(cancellation, "get_client") as opened, patch.object(cancellation, "FlowRunContext", context):
        opened.return_value.__enter__.return_value = client
        yield client


@pytest.fixture
def opened(client: MlflowClient, home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[object, str]:
    monkeypatch.setenv("SEQLOOM_HOME", str(home))
    monkeypatch.setattr(cancellation, "connect", lambda _: client)
    recipe = recipe_named(f"stopping-{uuid4()}")
    return {
        run: open_run(client, recipe, str(run), FlowRun(str(run), "a flow run"), corpus(), home)
        for run in (ASKED, PART, OTHER)
    }


def test_the_hook_ends_the_run_and_those_of_its_parts(
    prefect_says: Mock, opened: dict[object, str], client: MlflowClient
) -> None:
    assert prefect_says
    cancellation.end_in_mlflow(Mock(), Mock(id=ASKED), Cancelling())
    status = {run: client.get_run(run_id).info.status for run, run_id in opened.items()}
    assert status == {ASKED: "KILLED", PART: "KILLED", OTHER: "RUNNING"}


@pytest.mark.parametrize(
    ("state", "ends_with", "status"), [(Cancelling(), Abort, "KILLED"), (Running(), TerminationSignal, "RUNNING")]
)
def test_a_training_that_saved_where_it_stands_is_ended_only_if_it_is_cancelled(
    state: State,
    ends_with: type[BaseException],
    status: str,
    prefect_says: Mock,
    opened: dict[object, str],
    client: MlflowClient,
) -> None:
    """A worker that is told to stop leaves it open: the next start goes on with it."""
    prefect_says.read_flow_run.return_value.state = state
    with pytest.raises(ends_with), cancellation.preemption_as_prefect_state():
        raise Preempted(signal.SIGTERM, 3)
    assert client.get_run(opened[ASKED]).info.status == status
