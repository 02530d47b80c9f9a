"""kill -9 of everything that takes part in a run, while it trains."""

import psutil

from tests.survival.stack import EPOCHS, FEWER, Stack, recipe, until

BEFORE_TRAINING = ("corpus", "vocabulary", "vectors", "dataset")


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_the_flow_process(stack: Stack) -> None:
    killed = stack.run(recipe("flow-killed"))
    step = stack.trains("flow-killed")
    stack.flow_process(killed).kill()
    stack.ends(killed, "Crashed")

    following = stack.run(recipe("flow-killed"))
    stack.ends(following, "Completed")
    stages = stack.stages(following)
    assert [stages[name] for name in BEFORE_TRAINING] == ["Cached"] * 4
    run_id = stack.told_once("flow-killed", EPOCHS)
    until(lambda: "continues from update" in stack.log(following), "the line on where it went on")
    [line] = [line for line in stack.log(following).splitlines() if line.startswith("continues from update")]
    assert int(line.split()[3].replace(",", "")) >= step
    assert stack.registry.get_run(run_id).data.tags["prefect.flow_run_id"] == str(following)


def test_the_worker(stack: Stack) -> None:
    """Its flow run is left to itself and ends well, or it dies too; either way the next worker's run has the whole."""
    orphan = stack.run(recipe("worker-killed"))
    stack.trains("worker-killed")
    stack.kill("worker")
    stack.begin("worker")
    following = stack.run(recipe("worker-killed"))
    stack.ends(following, "Completed")
    assert [stack.stages(following)[name] for name in BEFORE_TRAINING] == ["Cached"] * 4
    stack.told_once("worker-killed", EPOCHS)
    until(lambda: not stack.processes_of(orphan), "the end of the orphan")


def test_a_training_process_then_the_flow_process(stack: Stack) -> None:
    """One of two dies: both begin again from the newest checkpoint. Their parent dies: both go with it."""
    killed = stack.run(recipe("rank-killed", processes=2, epochs=FEWER))
    step = stack.trains("rank-killed")
    ranks = stack.ranks(killed)
    assert len(ranks) == 2
    ranks[-1].kill()
    stack.trains("rank-killed", beyond=step)
    until(lambda: len(stack.ranks(killed)) == 2 and stack.ranks(killed) != ranks, "two new processes")
    ranks = stack.ranks(killed)
    stack.flow_process(killed).kill()
    until(lambda: all(map(is_gone, ranks)), "the end of the processes", 10)
    stack.ends(killed, "Crashed")

    following = stack.run(recipe("rank-killed", processes=2, epochs=FEWER))
    stack.ends(following, "Completed")
    stack.told_once("rank-killed", FEWER)
