"""Garbage collected beside an event loop that must not wait for it.

Prefect's server on SQLite has a thread for each connection, and a thread that waits for the lock of the database (a
minute at most) holds its connection's mutex meanwhile. A collector that comes by on the event loop's thread, and finds
an old cursor of this connection to close, waits for the mutex, and the coroutine that has the lock waits for the event
loop: the whole server stands still for a minute, hearts beat unheard, and living runs are marked crashed. A thread that
does nothing but collect may wait as long as it likes.
"""

import gc
import threading
import time
from itertools import cycle

SECONDS_BETWEEN_COLLECTIONS = 5.0
GENERATIONS = (1,) * 11 + (2,)  # all that lives is looked through once a minute


def collect_beside() -> None:
    """From now on, collect in a thread of its own and nowhere else."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    for generation in cycle(GENERATIONS):
        time.sleep(SECONDS_BETWEEN_COLLECTIONS)
        gc.collect(generation)
