"""The GPU slot: one holds it, others wait, and a killed process has it no longer than its lease."""

import time

from tasks.gpu_slots import LEASE
from tests.survival.slots import Holder, free_slots
from tests.survival.stack import Stack, until

SECONDS_BETWEEN_SWEEPS = 15  # in which Prefect's server takes back what has run out


def test_a_killed_process_has_it_no_longer_than_its_lease(stack: Stack, killed_holder: float) -> None:
    left = killed_holder + LEASE + 2 * SECONDS_BETWEEN_SWEEPS - time.monotonic()
    until(lambda: free_slots(stack) == 2, "the return of the slot", max(left, 5.0))


def test_one_after_the_other(stack: Stack) -> None:
    first = Holder(stack, devices=2)
    first.holds()
    second = Holder(stack)
    first.let_go()
    second.holds()
    assert free_slots(stack) == 1
    second.let_go()
    assert free_slots(stack) == 2


def test_a_server_without_the_limit_says_how_to_make_it(stack: Stack) -> None:
    limit = stack.client.read_global_concurrency_limit_by_name("gpu")
    stack.client.delete_global_concurrency_limit_by_name("gpu")
    try:
        _, error = Holder(stack).process.communicate(timeout=300)
    finally:
        stack.remake_limit(limit.limit)
    assert "UserError: Prefect's server has no concurrency limit gpu: create it" in error
    assert "prefect gcl create gpu --limit 1" in error
    assert "seqloom up" in error
