"""A training that was told to stop, as Prefect sees it."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, TerminationSignal
from prefect.states import Cancelled

from seqloom.preemption import Preempted

logger = logging.getLogger("seqloom.tasks")


@contextmanager
def stopping_as_prefect_does() -> Iterator[None]:
    """End the flow run as the signal would have without us: cancelled if that is why it came, or else crashed.

    Prefect tells its own handler of SIGTERM that a run is cancelled, and a training puts one in its place that first
    saves where it stands: so it is asked.
    """
    try:
        yield
    except Preempted as stop:
        if stop.number == signal.SIGINT:
            raise KeyboardInterrupt from stop
        try:
            cancelled = _confirm_a_cancellation(str(stop))
        except Exception as error:
            logger.warning("Prefect could not be asked whether this is a cancellation: %s", error)
            cancelled = None
        if cancelled:
            end = Abort(str(stop))  # ends the process with 0: a signal's code would have the worker report a crash
            end.state = cancelled
            raise end from stop
        raise TerminationSignal(stop.number) from stop


def _confirm_a_cancellation(message: str) -> State | None:
    """Say that a run that should be cancelled is, and return the state; None where it should not be."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return None
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(context.flow_run.id).state
        if not state or not state.is_cancelling():
            return None
        cancelled = Cancelled(message=message)
        client.set_flow_run_state(context.flow_run.id, cancelled, force=True)
        return cancelled
