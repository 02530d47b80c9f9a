"""Cost of work: counters of the machine where it has them, with their overflow, else an estimate that says so."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from seqloom.training import resource_cost
from seqloom.training.resource_cost import COUNTED, ESTIMATE, CostMeter


def counters(folder: Path, **joules: int) -> None:
    """What the kernel shows of processors and their parts, in millionths of a joule."""
    for name, value in joules.items():
        package = folder / f"intel-rapl:{name.replace('_', ':').strip('p')}"
        package.mkdir(parents=True, exist_ok=True)
        (package / "energy_uj").write_text(str(value * 1_000_000))


def test_counters_of_all_processors_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_cost, "RAPL", tmp_path)
    counters(tmp_path, p0=1_000, p1=50_000, p0_0=500)  # the last is a part of the first
    with CostMeter() as meter:
        counters(tmp_path, p0=4_600, p1=50_000, p0_0=9_500)
        meter._sample()
        counters(tmp_path, p1=3_600)  # began anew
    cost = meter.cost()
    assert (cost.watt_hours, cost.energy_source) == (pytest.approx(2.0), COUNTED)


def test_without_counters_it_is_an_estimate_of_what_was_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_cost, "RAPL", tmp_path)
    times = iter([100.0, 460.0])
    monkeypatch.setattr(resource_cost, "_processor_seconds", lambda: next(times))
    with CostMeter() as meter:
        pass
    cost = meter.cost()
    assert cost.processor_seconds == 360.0
    assert cost.watt_hours == pytest.approx(1.0, abs=1e-3)  # 10 W for six minutes
    assert cost.energy_source == ESTIMATE
    assert cost.peak_megabytes > 10
    assert cost.as_json().keys() == {
        *("seconds", "processor_seconds", "peak_megabytes", "watt_hours", "energy_source"),
    }


@pytest.mark.parametrize(("said", "source"), [("300.5\n99.5\n", "; the GPU by"), ("[N/A]\n", "; without the GPU")])
def test_a_gpu_counts_where_it_says_its_power(
    said: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource_cost, "RAPL", tmp_path)
    monkeypatch.setattr(
        resource_cost.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=said)
    )
    with CostMeter("cuda:0") as meter:
        meter._sampled -= 36.0
    cost = meter.cost()
    assert source in cost.energy_source
    assert (cost.watt_hours > 4) == ("GPU by" in source)  # 400 W for 36 s


def test_a_machine_without_nvidia_smi_has_no_power(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(resource_cost.subprocess, "run", missing)
    assert resource_cost._gpu_watts() == 0.0
