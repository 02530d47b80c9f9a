"""Runs of a worker that take minutes to end, begun before the tests that fill these minutes."""

from typing import Any
from uuid import UUID

import psutil
import pytest
import yaml
from prefect.client.schemas.objects import FlowRun

from seqloom.stack.child_process import processes_of
from tests.flows.conftest import DATA, RECIPE
from tests.stack.stack_process import RunningStack

TINY: dict[str, Any] = yaml.safe_load(RECIPE) | {
    "corpus": {"train": [str(DATA)], "source_language": "en", "target_language": "de"}
}
LONG: dict[str, Any] = TINY | {
    "name": "long",
    "training": {"epochs": 5000, "patience": 5000, "batch_tokens": 512, "learning_rate": 0.01},
}


def asked(description: str, **rules: Any) -> dict[str, Any]:
    """Another description is another version of the same checkpoint: nothing is trained for it."""
    return TINY | {
        "name": "asked",
        "registry": {"beat_baselines": False, "approval": "manual", "description": description, **rules},
    }


def worker_of(stack: RunningStack) -> psutil.Process:
    """The worker of the pool seqloom-cpu."""
    [worker] = [one for one in processes_of(stack.home) if {"worker", "seqloom-cpu"} < set(one.cmdline())]
    return worker


def is_running(run: FlowRun) -> bool:
    return bool(run.state and run.state.is_running())


def is_paused(run: FlowRun) -> bool:
    assert run.state
    assert not run.state.is_final(), run.state
    return run.state.is_paused()


@pytest.fixture(scope="session")
def lost(stack: RunningStack) -> UUID:
    """A run of which kill -9 left nothing: neither the process, nor who watched over it, nor the worker."""
    run = stack.run("nightly-demo", LONG)
    stack.wait(run, is_running)
    doomed = stack.processes_of_run(run)
    for process in (worker_of(stack), *doomed):
        process.kill()
    psutil.wait_procs(doomed, timeout=10)
    return run


@pytest.fixture(scope="session")
def waiting(stack: RunningStack, lost: UUID) -> UUID:  # noqa: ARG001  (it takes a worker with it)
    """A run of version 1 of `asked` that waits for a person."""
    run = stack.run("train-on-demand", asked("one"))
    stack.wait(run, is_paused)
    return run
