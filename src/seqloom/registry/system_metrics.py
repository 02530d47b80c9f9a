"""CPU, memory, disk, network and GPU utilization during training."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from seqloom.poll_thread import polled

SECONDS_BETWEEN_SAMPLES = 10.0


def system_metrics(run_id: str, log: Callable[[Mapping[str, float]], None]) -> AbstractContextManager[None]:
    """Pass the readings of MLflow's system monitors to `log` inside the context, under MLflow's own names.

    MLflow's own thread is left off: it ends for good when MLflow is away once, and waits for minutes on leaving.
    """
    monitor = SystemMetricsMonitor(run_id)

    def sample() -> None:
        monitor.collect_metrics()
        log({f"system/{name}": value for name, value in monitor.aggregate_metrics().items()})
        for each in monitor.monitors:
            each.clear_metrics()

    return polled(sample, SECONDS_BETWEEN_SAMPLES, "system metrics")
