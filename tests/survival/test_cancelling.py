"""Cancelled from the API, as the button of the UI does."""

import time

from prefect.states import Cancelling, Scheduled

from tests.survival.stack import FEWER, Stack, recipe, until


def test_every_process_ends_the_checkpoint_stays_and_a_retry_goes_on(stack: Stack) -> None:
    run = stack.run(recipe("cancelled", processes=2, epochs=FEWER))
    step = stack.trains("cancelled")
    assert len(stack.processes_of(run)) >= 3
    asked = time.monotonic()
    stack.client.set_flow_run_state(run, Cancelling())
    until(lambda: not stack.processes_of(run), "the end of every process", 30)
    stack.ends(run, "Cancelled", 30)
    assert time.monotonic() - asked < 30
    until(lambda: "Cancelled flow run" in stack.said_by("worker"), "the worker's last word, which a retry waits for")
    stack.ends(run, "Cancelled")
    kept = stack.positions("cancelled")
    assert kept[-1] >= step

    stack.client.set_flow_run_state(run, Scheduled(name="AwaitingRetry"), force=True)
    until(lambda: stack.read(run).state_name != "AwaitingRetry", "the retry")
    stack.ends(run, "Completed")
    stack.told_once("cancelled", FEWER)
