"""Access to Prefect's server: whether it is embedded, its Secret blocks, and calls that outlast an outage."""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

EMBEDDED = "SEQLOOM_PREFECT_IS_EMBEDDED"  # set by the process that starts the server, for itself and its children

logger = logging.getLogger("seqloom.tasks")  # a child of "seqloom", whose warnings reach the terminal and the run's log


def prefect_is_embedded() -> bool:
    """Return whether the server ends with this process, so that nobody can open its UI afterwards."""
    return bool(os.environ.get(EMBEDDED))


def secret_of_block(name: str) -> str | None:
    """Return the value of the Secret block `name` on the server of `PREFECT_API_URL`; None without server or block."""
    if not os.environ.get("PREFECT_API_URL"):
        return None
    from prefect.blocks.system import Secret  # seconds, and few recipes name one

    try:
        load: Any = Secret.load  # its types know no `_sync`
        block = load(name.lower().replace("_", "-"), _sync=True)  # as names of blocks are written
    except ValueError:  # there is none
        return None
    return str(block.get())


def call_prefect(what: str, call: Callable[[], Any]) -> None:
    """Make a call to Prefect's API that the work itself does not need; wait up to `OUTAGE_LIMIT` while Prefect is away.

    A task should not end before: Prefect drops what its engine cannot report of a task within seconds.
    """
    import httpx  # commands that need neither Prefect nor MLflow are spared them

    from seqloom.registry.mlflow_tracking import LONGEST_PAUSE, OUTAGE_LIMIT

    deadline, pause = time.monotonic() + OUTAGE_LIMIT, 1.0
    while True:
        try:
            call()
        except Exception as error:
            gone = prefect_is_embedded() and isinstance(error, httpx.ConnectError)  # nobody starts that one again
            if gone or not isinstance(error, httpx.TransportError) or time.monotonic() > deadline:
                logger.warning("Prefect did not take %s: %s", what, error)
                return
        else:
            if pause > 1.0:
                logger.warning("Prefect is back, and has %s", what)
            return
        if pause == 1.0:
            logger.warning("Prefect does not answer: waiting for it, an hour at most")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
