"""Cancelled flow runs: the state that Prefect expects, and the end of their MLflow runs."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, TerminationSignal
from prefect.states import Cancelled

from seqloom.artifact.home_folder import home_folder
from seqloom.preemption import Preempted
from seqloom.registry import mlflow_runs
from seqloom.registry.mlflow_tracking import connect

logger = logging.getLogger("seqloom.tasks")


@contextmanager
def preemption_as_prefect_state() -> Iterator[None]:
    """Turn `Preempted` into the end that Prefect gives a run at a signal: cancelled if it was cancelled, else crashed.

    Prefect's own handler of SIGTERM knows which; a training replaces it by one that saves a checkpoint first, so the
    server is asked.
    """
    try:
        yield
    except Preempted as stop:
        if stop.number == signal.SIGINT:
            raise KeyboardInterrupt from stop
        try:
            cancelled = _confirm_cancellation(str(stop))
        except Exception as error:
            logger.warning("Prefect could not be asked whether this is a cancellation: %s", error)
            cancelled = None
        if cancelled:
            _end_run(cancelled)
            end: Any = Abort(str(stop))  # ends the process with 0: a signal's code would have the worker report a crash
            end.state = cancelled
            raise end from stop
        raise TerminationSignal(stop.number) from stop


def end_in_mlflow(flow: Flow[..., Any], flow_run: FlowRun, state: State) -> None:  # noqa: ARG001
    """End the MLflow runs that a cancelled flow run, or a subflow of it, left open.

    A hook of Prefect's, which calls it in the worker after the process of the run is gone.
    """
    parts = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[flow_run.id]))
    with get_client(sync_client=True) as client:
        flow_runs = [flow_run, *client.read_flow_runs(flow_run_filter=parts)]
    for each in flow_runs:
        mlflow_runs.end_cancelled(connect(home_folder()), str(each.id))


def _end_run(cancelled: State) -> None:
    """Do what the hook does, but sooner; where MLflow does not answer it is left to the hook."""
    try:
        mlflow_runs.end_cancelled(connect(home_folder()), str(cancelled.state_details.flow_run_id))
    except Exception as error:
        logger.warning("MLflow could not be told of the cancellation: %s", error)


def _confirm_cancellation(message: str) -> State | None:
    """Set a run that is cancelling to cancelled and return that state; return None for any other run."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return None
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(context.flow_run.id).state
        if not state or not state.is_cancelling():
            return None
        cancelled: State[Any] = Cancelled(message=message)
        cancelled.state_details.flow_run_id = context.flow_run.id
        client.set_flow_run_state(context.flow_run.id, cancelled, force=True)
        return cancelled
