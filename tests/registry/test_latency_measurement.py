"""Two versions by turns: what else the machine does is in the spread, and not in the difference."""

import os
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from seqloom.decoding.search_threads import search_threads
from seqloom.recipe.schema import DecodingSection
from seqloom.registry import latency_benchmark, latency_measurement
from seqloom.registry.latency_measurement import THREADS_VARIABLE, by_turns, one_thread


class Machine:
    """A clock that only answers move, some slower than others."""

    def __init__(self) -> None:
        self.seconds, self.answers = 0.0, 0

    def perf_counter(self) -> float:
        return self.seconds

    def version(self, milliseconds: float, busy: range = range(0)) -> latency_measurement.Answer:
        """It takes twice as long while the machine, at answers of these numbers, is busy."""

        def answer(texts: Sequence[str]) -> None:
            assert torch.get_num_threads() == 1
            self.seconds += len(texts[0]) * milliseconds / 1000 * (2 if self.answers in busy else 1)
            self.answers += 1

        return answer


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(latency_measurement, "time", made)
    return made


TEXTS = ["w" * (1 + number % 10) for number in range(200)]


def test_a_quiet_machine_has_no_spread(machine: Machine) -> None:
    [one] = by_turns([machine.version(2.0)], TEXTS)
    assert (one.low, one.p95, one.high) == pytest.approx((20.0, 20.0, 20.0))
    assert one.p50 == pytest.approx(11.0)


@pytest.mark.parametrize("busy", [range(0, 200), range(150, 300), range(100, 10_000)])
def test_the_same_version_is_as_fast_as_itself_whatever_the_machine_does(machine: Machine, busy: range) -> None:
    ours, theirs = by_turns([machine.version(2.0, busy), machine.version(2.0, busy)], TEXTS)
    assert ours.p95 == pytest.approx(theirs.p95, rel=0.01)
    assert ours.low == pytest.approx(20.0 if busy.stop < 500 else ours.low)
    assert ours.high == pytest.approx(40.0)


def test_a_slow_version_is_not_asked_for_ever(machine: Machine) -> None:
    by_turns([machine.version(1000.0)], TEXTS)
    assert machine.answers == latency_measurement.WARMING + latency_measurement.TIMED


def test_nothing_of_the_threads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "3")
    before = torch.get_num_threads()
    with one_thread():
        assert (torch.get_num_threads(), os.environ[THREADS_VARIABLE]) == (1, "1")
    assert (torch.get_num_threads(), os.environ[THREADS_VARIABLE]) == (before, "3")
    monkeypatch.delenv(THREADS_VARIABLE)
    with one_thread():
        pass
    assert THREADS_VARIABLE not in os.environ


def test_a_version_is_loaded_with_the_threads_that_torch_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """It notes them for good, and predicts the test rows with them; by turns it has one nevertheless."""
    seen: list[tuple[int, str]] = []

    def load_model(uri: str, model_config: object) -> Any:
        assert (uri, model_config) == ("models:/m/1", None)
        seen.append((torch.get_num_threads(), os.environ[THREADS_VARIABLE]))
        return SimpleNamespace(metadata=SimpleNamespace(get_params_schema=lambda: SimpleNamespace(params=[])))

    monkeypatch.setattr(latency_benchmark, "mlflow", SimpleNamespace(pyfunc=SimpleNamespace(load_model=load_model)))
    with search_threads(3):
        latency_benchmark.load_version("models:/m/1", DecodingSection(), None)
    assert seen == [(3, "1")]
