"""A run goes on without the slot of its deployment, where Prefect would end it."""

import time
from contextlib import nullcontext
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
from prefect import flow_engine
from prefect._internal.concurrency.cancellation import CancelledError
from prefect.concurrency import _leases

import flows  # noqa: F401  (the package of every flow sees to it)
from tasks import run_slot

SLOT = UUID(int=1)


def work() -> None:
    for _ in range(50):
        time.sleep(0.01)


def test_a_slot_that_is_gone_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Mock(side_effect=RuntimeError("410 Gone"))
    monkeypatch.setattr(_leases, "get_client", lambda **_: nullcontext())
    monkeypatch.setattr(_leases, "_renew_concurrency_lease_with_retries", gone)
    engine: Any = flow_engine
    assert engine.maintain_concurrency_lease is run_slot.kept
    with engine.maintain_concurrency_lease(SLOT, 300, raise_on_lease_renewal_failure=True):
        work()
    assert gone.call_count == 1
    prefects = _leases.maintain_concurrency_lease(SLOT, 300, raise_on_lease_renewal_failure=True)
    with pytest.raises(CancelledError), prefects:
        work()
