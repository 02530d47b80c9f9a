"""Cost of a piece of work in time, memory and energy: energy from counters of the machine, else an estimate.

RAPL, the counters of Intel and AMD processors, counts the whole machine; most systems let only root read it. Without
it, energy is estimated as codecarbon does: a fixed power per busy core and per gigabyte of memory. A GPU's power is
read from nvidia-smi, where the work uses one.
"""

import resource
import subprocess
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from seqloom.poll_thread import polled

RAPL = Path("/sys/class/powercap")
WATTS_PER_CORE = 10.0  # of a busy one, with its share of the rest of the processor
WATTS_PER_GIGABYTE = 0.375  # of memory: 3 W for 8 GB
SECONDS_BETWEEN_SAMPLES = 30.0  # RAPL begins anew at some 262,000 J: three quarters of an hour at 100 W
ESTIMATE = f"estimated from {WATTS_PER_CORE:g} W per busy core and {WATTS_PER_GIGABYTE:g} W per GB"
COUNTED = "counted by RAPL, of the whole machine"
GPU = "; the GPU by nvidia-smi"


@dataclass(frozen=True)
class ResourceCost:
    """Time, memory and energy of a piece of work."""

    seconds: float  # by the clock
    processor_seconds: float  # of all its processes and threads
    peak_megabytes: float  # memory of its largest process, 10^6 bytes, since that began
    watt_hours: float
    energy_source: str  # counted or estimated, in words

    def as_json(self) -> dict[str, Any]:
        """Return every field, rounded."""
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(self).items()}


class CostMeter:
    """Measures what happens inside its context: `with CostMeter() as meter: …`, then `meter.cost()`."""

    def __init__(self, device: str = "cpu") -> None:
        """Measure work on a device; of cuda the power of all GPUs counts."""
        self._on_gpu = device.startswith("cuda")
        self._joules = self._gpu_joules = 0.0

    def __enter__(self) -> Self:
        self._started, self._processor = time.monotonic(), _processor_seconds()
        self._sampled, self._counters = self._started, _rapl_joules()
        self._stack = ExitStack()
        self._stack.enter_context(polled(self._sample, SECONDS_BETWEEN_SAMPLES, "energy"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._sample()
        self._seconds = time.monotonic() - self._started
        self._processor = _processor_seconds() - self._processor

    def cost(self) -> ResourceCost:
        """Return the cost, once the context is left."""
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024
        joules, source = self._joules, COUNTED
        if not self._counters:
            joules = WATTS_PER_CORE * self._processor + WATTS_PER_GIGABYTE * peak / 1e9 * self._seconds
            source = ESTIMATE
        source += GPU if self._gpu_joules else "; without the GPU, whose power is unknown" if self._on_gpu else ""
        return ResourceCost(self._seconds, self._processor, peak / 1e6, (joules + self._gpu_joules) / 3600, source)

    def _sample(self) -> None:
        """Add the energy since the last sample; a counter that began anew has what it shows."""
        now, counters = time.monotonic(), _rapl_joules()
        for name, joules in counters.items():
            before = self._counters.get(name, joules)
            self._joules += joules - before if joules >= before else joules
        if self._on_gpu:
            self._gpu_joules += _gpu_watts() * (now - self._sampled)
        self._sampled, self._counters = now, counters


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _rapl_joules() -> dict[str, float]:
    """Return the counters of all processors; none where there are none, or they cannot be read."""
    try:
        packages = RAPL.glob("intel-rapl:[0-9]*")
        files = [package / "energy_uj" for package in packages if package.name.count(":") == 1]
        return {str(file): int(file.read_text(encoding="ascii")) / 1e6 for file in files}
    except (OSError, ValueError):
        return {}


def _gpu_watts() -> float:
    """Return the power of all GPUs now; 0 where nobody says."""
    command = ["nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
        return sum(float(line) for line in said.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0.0
