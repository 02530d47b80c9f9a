"""MLflow and Prefect away while a model is trained: the training goes on, and what they missed they are told later."""

import time

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
