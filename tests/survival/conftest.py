from collections.abc import Iterator

import pytest

from tests.survival.slots import Holder
from tests.survival.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("survival ü"))
    try:
        for name in ("prefect", "mlflow"):
            stack.begin(name)
        for name in ("prefect", "mlflow"):
            stack.await_start(name)
        stack.deploy()
        stack.begin("worker")
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session", autouse=True)
def killed_holder(stack: Stack) -> float:
    """When a process that held the GPU slot was killed: early, since the lease takes its time, and others can go on."""
    return Holder(stack).killed()
