"""Every test runs on one thread: threads of several tests at once would wait for each other."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.stack.running import RunningStack

os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningStack]":
    """`seqloom up`, for every test that needs servers and a worker; a run silent for a minute has crashed."""
    from tests.stack import running

    up = running.RunningStack(tmp_path_factory.mktemp("a stack ü") / "home", SEQLOOM_SILENCE_SECONDS="60")
    try:
        up.start()
        yield up
    finally:
        up.stop(signal.SIGTERM)
