"""Call a function at regular intervals from a thread, as long as a block runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def polled(poll: Callable[[], None], seconds: float, name: str) -> Iterator[None]:
    """Call `poll` every so many seconds in a thread of this name; on leaving, a call that runs is waited for."""
    left = Event()

    def run() -> None:
        while not left.wait(seconds):
            poll()

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()
