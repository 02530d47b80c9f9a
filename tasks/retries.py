"""Waiting for what is outside: what passes by itself is waited for and said once, what does not is raised."""

import logging
import time
from collections.abc import Callable
from typing import Any

import httpx

from seqloom.artifact.fsync import says_full
from seqloom.errors import Unreachable, UserError, is_transient
from seqloom.registry.tracking import LONGEST_PAUSE, OUTAGE_LIMIT, is_away
from tasks.embedded import prefect_is_embedded

logger = logging.getLogger("seqloom.tasks")  # among the library's, whose warnings people are told


def passes_by_itself(error: BaseException) -> bool:
    """Whether the same again may do: a network, a server or a disk may come back, a mistake or a bug stays."""
    if isinstance(error, Unreachable):
        return True
    if isinstance(error, UserError) or says_full(error):
        return False
    if isinstance(error, httpx.HTTPStatusError):
        return is_transient(error.response.status_code)
    return isinstance(error, httpx.TransportError) or is_away(error)


def tell_prefect(what: str, call: Callable[[], Any]) -> None:
    """Make a call to Prefect's API that people would miss and the work would not; wait while Prefect is away.

    A task should not end before: Prefect drops what its engine cannot say of a task within seconds.
    """
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
