"""Signals while a training runs: it saves where it stands and leaves, and the handlers of before are back."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from seqloom.preemption import Preempted
from seqloom.training.graceful_stop import GracefulStop, ImmediateStop
from seqloom.training.training_state import read_training_state
from tests.training.small import Row, same_bits, trainer_of, weights, write_home

NUMBERS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home")


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in NUMBERS]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("moment", ["update", "validation"])
def test_it_saves_where_it_stands_and_goes_on_to_the_same_bits(
    number: signal.Signals, moment: str, home: Path, tmp_path: Path
) -> None:
    whole = trainer_of(write_home(tmp_path / "whole"), epochs=3, ema_decay=0.5, batch_tokens=24)
    whole.run()
    before = handlers()
    stopped = trainer_of(home, epochs=3, ema_decay=0.5, batch_tokens=24)
    if moment == "update":
        step = 10
        stopped.observe = lambda row: os.kill(os.getpid(), number) if row["step"] == 10 else None
    else:
        split = stopped.validation.split
        in_order = split.in_order
        step = stopped.train.count(1)

        def batches() -> Any:
            for batch in in_order():
                yield batch
                os.kill(os.getpid(), number)
            pytest.fail("the validation was not left")

        split.in_order = batches  # type: ignore[method-assign]
    with pytest.raises(Preempted) as preempted:
        stopped.run()
    assert handlers() == before
    assert (preempted.value.number, preempted.value.step, preempted.value.exit_code) == (number, step, 128 + number)
    assert str(preempted.value) == f"stopped at step {step}; the same command continues"
    assert (read_training_state(home / "workspace").step, read_training_state(home / "workspace").epoch) == (step, 0)
    again = trainer_of(home, epochs=3, ema_decay=0.5, batch_tokens=24)
    again.run()
    assert same_bits(weights(again.model), weights(whole.model))
    assert figures(again.state.history) == figures(whole.state.history)


def figures(history: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if "second" not in name} for row in history]


def test_ctrl_c_again_does_not_wait() -> None:
    with GracefulStop() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.number == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_from_before_leaves_at_once() -> None:
    with GracefulStop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(ImmediateStop), stop.at_once():
            pytest.fail("went in")


def test_elsewhere_than_in_the_main_thread_it_listens_to_nothing() -> None:
    before = handlers()
    seen = []

    def run() -> None:
        with GracefulStop():
            seen.append(handlers())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]
