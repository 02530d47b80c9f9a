"""The slot of a deployment that lets one run at a time go on, which a run may outlive.

Prefect takes a run's slot back while the run waits for a person, or while its server is away, and then ends the run
when it cannot renew it: minutes into a wait for approval, or hours into a training. Here such a run goes on without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect import flow_engine
from prefect.concurrency._leases import maintain_concurrency_lease


def install() -> None:
    """Have the engine of flows keep the slots of its runs so."""
    vars(flow_engine)["maintain_concurrency_lease"] = kept


@contextmanager
def kept(lease_id: UUID, lease_duration: float, raise_on_lease_renewal_failure: bool = True) -> Iterator[None]:
    """Renew a slot while the block runs, as Prefect does; `raise_on_lease_renewal_failure` is not obeyed."""
    del raise_on_lease_renewal_failure
    with maintain_concurrency_lease(lease_id, lease_duration, suppress_warnings=True):
        yield
