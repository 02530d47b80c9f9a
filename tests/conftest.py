"""Every test runs on one thread: threads of several tests at once would wait for each other."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.stack.running import RunningStack

os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningStack]":
    """`seqloom up`, for every test that needs servers and a worker; a run that goes silent has crashed after 40 s."""
    from tests.stack.running import a_stack

    with a_stack(tmp_path_factory.mktemp("a stack ü") / "home", SEQLOOM_SILENCE_SECONDS="40") as up:
        yield up
