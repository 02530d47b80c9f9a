"""Every test runs on one thread: threads of several tests at once would wait for each other."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.stack.running import RunningStack

os.environ["OMP_NUM_THREADS"] = "1"

SHARED = {"stack": "stack", "prefect": "commands", "first": "commands"}
"""Fixtures that take long to make, and what the tests are called together that use them."""


@pytest.hookimpl(tryfirst=True)  # before xdist's own, which reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For `make test`, two tests at a time: what shares a fixture stays together, and the longest begins first."""
    groups = {}
    for item in items:
        used = getattr(item, "fixturenames", ())
        groups[item] = next((group for name, group in SHARED.items() if name in used), item.path.name)
        item.add_marker(pytest.mark.xdist_group(groups[item]))
    last = {group: rank for rank, group in enumerate(SHARED.values())}
    items.sort(key=lambda item: last.get(groups[item], len(SHARED)))


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
