"""CPU, memory, disk, network and GPU utilization during training."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

SECONDS_BETWEEN_SAMPLES = 10.0


@contextmanager
def system_metrics(run_id: str, log: Callable[[Mapping[str, float]], None]) -> Iterator[None]:
    """Pass the readings of MLflow's system monitors to `log` inside the context, under MLflow's own names.

    MLflow's own thread is left off: it ends for good when MLflow is away once, and waits for minutes on leaving.
    """
    monitor = SystemMetricsMonitor(run_id)
    left = Event()
    thread = Thread(target=_watch, args=(monitor, log, left), name="system metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()


def _watch(monitor: SystemMetricsMonitor, log: Callable[[Mapping[str, float]], None], left: Event) -> None:
    while not left.wait(SECONDS_BETWEEN_SAMPLES):
        monitor.collect_metrics()
        log({f"system/{name}": value for name, value in monitor.aggregate_metrics().items()})
        for each in monitor.monitors:
            each.clear_metrics()
