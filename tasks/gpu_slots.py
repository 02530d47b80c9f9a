"""GPU slots: a slot of Prefect's concurrency limit `gpu` for each device in use, so that runs queue for devices."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import httpx
from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound

from seqloom.errors import UserError
from seqloom.recipe.schema import Recipe
from tasks.prefect_client import prefect_is_embedded

LIMIT = "gpu"
LEASE = 120.0  # seconds until the slots of a killed process are free again; a living one renews its lease in time
SECONDS_BEFORE_WARNING = 3.0  # that others hold the slots
SECONDS_BETWEEN_TRIES = 5.0  # while Prefect is away

logger = logging.getLogger("seqloom.tasks")


def slots_for(recipe: Recipe, devices: int = 1) -> AbstractContextManager[None]:
    """Hold `devices` slots in the block, if the recipe runs on GPUs and Prefect has a server of the user's."""
    from seqloom.training.device import choose_device

    if prefect_is_embedded() or choose_device(recipe.training.device).type != "cuda":
        return nullcontext()
    return slots(devices)


@contextmanager
def slots(devices: int, lease: float = LEASE) -> Iterator[None]:
    """Wait for slots of the limit, without a time limit, and hold them in the block.

    Work goes on while Prefect is away: slots that cannot be renewed are lost with a warning, and those that cannot be
    released are free again when their lease expires.

    Raises:
        UserError: the server has no such limit.
    """
    holding = _acquire(devices, lease)
    try:
        yield
    finally:
        try:
            holding.__exit__(None, None, None)
        except Exception as error:
            logger.warning("the slots of %s fall back by themselves, Prefect could not be told: %s", LIMIT, error)


def _acquire(devices: int, lease: float) -> AbstractContextManager[None]:
    timeout: float | None = SECONDS_BEFORE_WARNING
    while True:
        try:
            _require_limit()
            holding = concurrency(
                LIMIT,
                occupy=devices,
                strict=True,
                timeout_seconds=timeout,
                lease_duration=lease,
                raise_on_lease_renewal_failure=False,
            )
            holding.__enter__()
        except TimeoutError:
            logger.warning("others hold the slots of %s: waiting for %d", LIMIT, devices)
            timeout = None
        except Exception as error:
            if not any(isinstance(each, httpx.TransportError) for each in (error, error.__cause__)):
                raise
            time.sleep(SECONDS_BETWEEN_TRIES)
        else:
            return holding


def _require_limit() -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(LIMIT)
        except ObjectNotFound:
            raise UserError(
                f"Prefect's server has no concurrency limit {LIMIT}: create it with a slot for each GPU, such as "
                f"prefect gcl create {LIMIT} --limit 1, or start the server with seqloom up"
            ) from None
