"""MLflow and Prefect away while a model is trained: the training goes on, and what they missed they are told later."""

import time

from seqloom.registry.registered_version import VERDICT_KEY_TAG
from tests.survival.slots import Holder
from tests.survival.stack import EPOCHS, Stack, recipe, until

SECONDS_AWAY = 20.0
LONGER = 3 * EPOCHS


def test_both_servers_away(stack: Stack) -> None:
    run = stack.run(recipe("servers-away", epochs=LONGER, patience=LONGER))
    step = stack.trains("servers-away")
    holder = Holder(stack)
    holder.holds()
    stack.kill("prefect")
    stack.kill("mlflow")
    gone = time.monotonic()
    before = stack.processes_of(run)
    until(
        lambda: stack.positions("servers-away")[-1:] > [step + 20] or stack.finished("servers-away"),
        "training without servers",
    )
    said = holder.let_go()
    time.sleep(max(0.0, gone + SECONDS_AWAY - time.monotonic()))
    assert stack.processes_of(run) == before
    stack.start("prefect", "mlflow")

    stack.ends(run, "Completed", 150)
    stack.told_once("servers-away", LONGER)
    assert set(stack.stages(run).values()) <= {"Completed", "Cached"}
    assert said == "given back\n"


def test_prefect_away_when_all_is_done(stack: Stack) -> None:
    """Between the last thing that the run does and its word that it is done."""
    run = stack.run(recipe("last-word"))
    until(lambda: is_judged(stack, "last-word"), "the verdict")
    stack.kill("prefect")
    time.sleep(SECONDS_AWAY)
    stack.start("prefect")
    stack.ends(run, "Completed", 150)
    stack.told_once("last-word", EPOCHS)


def is_judged(stack: Stack, name: str) -> bool:
    """Whether the gate has said the last that it says of the one version."""
    return any(VERDICT_KEY_TAG in version.tags for version in stack.registry.search_model_versions(f"name = '{name}'"))
