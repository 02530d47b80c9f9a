"""Every test runs on one thread: threads of several tests at once would wait for each other."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.stack.stack_process import RunningStack

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["SEQLOOM_OUTPUT_UMASK"] = "022"  # or a command that is called in this process would note its umask here
settings.register_profile("unhurried", deadline=None)  # how long an example takes depends on who else is at work
settings.load_profile("unhurried")

HOMES = (
    "approval",
    "clean_up",
    "compare",
    "distill",
    "downloads",
    "gate",
    "leaving",
    "parameters",
    "processes",
    "refresh",
    "tune",
)
"""Tests of commands that need a Prefect, and no model that others have trained."""

TOGETHER = {
    "tests/e2e/": "stack",
    "tests/stack/test_stack.py": "stack",
    "tests/stack/test_protection.py": "stack",
    "tests/stack/test_approval.py": "stack",
    **{f"tests/flows/test_{name}.py": "homes" for name in HOMES},
    "tests/flows/": "commands",
}
"""Tests that share what takes long to make, by what they are called together."""

FIRST = (
    "stack",
    "commands",
    "homes",
    "tests/training/test_processes.py",
    "tests/registry/test_exported_versions.py",
    "tests/training/test_restart.py",
    "tests/registry/test_gate_runner.py",
)
"""What takes longest, in order: begun last, it would leave the other process without work."""


def group_of(test: str) -> str:
    """What a test, named by its nodeid, stays together with: its file, or more."""
    return next((group for place, group in TOGETHER.items() if test.startswith(place)), test.partition("::")[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first."""
    items.sort(key=lambda item: [*FIRST, group_of(item.nodeid)].index(group_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `make test`, two groups at a time. (The marks that xdist has for this do nothing under pytest 9.2.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByGroup(config, log)


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Or what one test keeps would lie in the checkout, where the next one that starts a command would find it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLOOM_HOME", str(tmp_path_factory.mktemp("home")))
        yield


SILENCE = 100  # seconds after which a run of the stack has crashed: three beats of its heart


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningStack]":
    """`seqloom up`, for every test that needs servers and a worker."""
    from tests.stack import stack_process

    up = stack_process.RunningStack(tmp_path_factory.mktemp("a stack ü") / "home", SEQLOOM_SILENCE_SECONDS=str(SILENCE))
    try:
        up.start()
        yield up
    finally:
        up.stop(signal.SIGTERM)
