"""Two runs of one name that reach the gate at once: each is measured against the champion that it would replace."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prefect import flow

from seqloom.registry.gate import Verdict
from seqloom.registry.gate_finding import Finding
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.model_history import history
from seqloom.registry.promotion import moves_of
from seqloom.registry.versions import aliases_of, register_version
from tests.flows.command_process import Fork
from tests.flows.conftest import environment
from tests.registry.tiny import corpus, evaluation, manifest, recipe_named, write_checkpoint

RECIPE = recipe_named("rush")
SECONDS_OF_JUDGING = 2.0


def slow_verdict(
    client: Any, recipe: Any, _corpus: Any, _evaluation: Any, version: Any, key: str, _home: Any, _progress: Any
) -> Verdict:
    """As the real one: who is champion is looked up first, and the answers take their time."""
    champion = aliases_of(client, recipe.name).get("champion")
    time.sleep(SECONDS_OF_JUDGING)
    finding = Finding("chrF above the champion", "1.00", "2.00", "+1.00")
    champion = None if champion == version.number else champion
    return Verdict(recipe.name, version.number, champion, [finding], 30, key=key)


def arrive(place: Path, number: int) -> None:
    """Wait for the other, then go through the gate."""
    from seqloom.registry import gate_runner
    from tasks.gate_task import pass_gate

    gate_runner.judge_version = slow_verdict
    (place / f"here-{time.monotonic_ns()}").touch()
    while len(list(place.glob("here-*"))) < 2:
        time.sleep(0.01)
    version = manifest("registry", place, version=number)
    state = flow(pass_gate, name="rush", validate_parameters=False)(RECIPE, corpus(), evaluation(), version)
    print(state.result().facts["verdict"])


@pytest.mark.parametrize("numbers", [(1, 2), (1, 1)], ids=["two versions", "the same"])
def test_both_pass_one_after_the_other(numbers: tuple[int, int], own_place: Path, prefect: dict[str, str]) -> None:
    env = environment(own_place) | prefect
    home = own_place / ".seqloom"
    client = connect(home)
    checkpoint = write_checkpoint(own_place)
    for key in map(str, sorted(set(numbers))):
        run_id = open_run(client, RECIPE, key, FlowRun("flow", "flow"), corpus(), home)
        register_version(client, RECIPE, run_id, key, checkpoint, evaluation())
    forks = [Fork(partial(arrive, own_place, number), cwd=own_place, env=env) for number in numbers]
    for done in [fork.wait() for fork in forks]:
        assert (done.returncode, done.stdout) == (0, "champion\n"), done.stderr

    moves = moves_of(client, RECIPE.name)
    assert sorted(move.to for move in moves) == sorted(set(numbers))
    assert [move.origin for move in moves] == [None, *(move.to for move in moves[:-1])]
    aliases = aliases_of(client, RECIPE.name)
    assert (aliases["champion"], aliases.get("previous")) == (moves[-1].to, moves[-1].origin)
    told = [event for event in history(client, RECIPE.name) if event.what == "champion"]
    assert [(event.version, event.instead_of) for event in told] == [(move.to, move.origin) for move in moves]
