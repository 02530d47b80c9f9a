"""Log metrics to MLflow from a background thread, without blocking the training."""

import logging
import time
from collections import deque
from collections.abc import Mapping
from contextvars import copy_context
from threading import Event, Lock, Thread
from typing import Self

from mlflow import MlflowClient
from mlflow.entities import Metric

from seqloom.artifact.full_disk import says_full
from seqloom.registry.mlflow_tracking import OUTAGE_LIMIT, is_away

METRICS_AT_MOST = 1000  # MLflow takes in one call
SECONDS_BETWEEN_SENDS = 2.0
SECONDS_BETWEEN_TRIES = 5.0  # while MLflow is away
STOPPED_OUTAGE_LIMIT = 5.0  # seconds: the history is in the checkpoint, and the next start sends it

logger = logging.getLogger(__name__)


def chart_name(metric: str) -> str:
    """Return the name of a training metric's chart in MLflow.

    MLflow groups a run's charts by the part before the slash, in alphabetical order. So the curves of losses and scores
    come before `test/…`, which is a bar each; training costs come last. Runs of earlier releases keep the names of
    the history.
    """
    split, _, name = metric.partition("/")
    if name == "loss":
        return f"loss/{split}"
    if split == "validation":
        return f"{'loss' if name == 'perplexity' else 'score'}/{split}_{name}"
    return metric


class MetricLogger:
    """Sends rows of metrics to a run from a thread: in order, each once.

    While MLflow is away they are queued. A training that resumes after a kill sends its history from the beginning;
    points that MLflow has are skipped. A batch whose response was lost is sent again: MLflow stores equal points once.
    The context ends when all is sent, or after `OUTAGE_LIMIT`.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._rows: deque[tuple[int, Mapping[str, float]]] = deque()  # with their time, in milliseconds
        self._waiting: list[Metric] = []  # new to MLflow, and not known to have arrived
        self._known: dict[str, set[int]] = {}  # steps that MLflow has, by metric
        self._lock = Lock()
        self._closing = Event()
        self._away = False
        self._refused = False
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._closing.set()
        self._thread.join(OUTAGE_LIMIT if kind is None else STOPPED_OUTAGE_LIMIT)
        if self._thread.is_alive():
            logger.warning("MLflow is still away: what it has not heard of this training the next start will tell it")

    def __call__(self, row: Mapping[str, float]) -> None:
        """Queue one row of a training's history; a row without a step follows the last step of its metrics."""
        with self._lock:
            self._rows.append((int(time.time() * 1000), row))

    def _run(self) -> None:
        while True:
            last = self._closing.wait(SECONDS_BETWEEN_SENDS)
            try:
                self._send()
            except Exception as error:
                self._wait_for(error)
                continue
            if self._away:
                self._away = False
                logger.warning("MLflow is back, and has every figure")
            if last and not self._rows:
                return

    def _wait_for(self, error: Exception) -> None:
        """Warn once that MLflow is away; metrics that it refuses while it is there are dropped."""
        if is_away(error):
            if not self._away:
                why = "has no space on its disk" if says_full(error) else "does not answer"
                logger.warning("MLflow %s: the work goes on, and its figures wait", why)
            self._away = True
            time.sleep(SECONDS_BETWEEN_TRIES)
            return
        if not self._refused:
            logger.warning("MLflow refuses figures of this training, which goes on without them: %s", error)
        self._refused = True
        with self._lock:
            self._rows.clear()
        self._waiting = []

    def _send(self) -> None:
        """Send all queued metrics; each is removed only after MLflow has it, so an error loses nothing."""
        while self._rows or self._waiting:
            while self._rows and len(self._waiting) < METRICS_AT_MOST:
                self._waiting += self._new_in(*self._rows[0])
                with self._lock:
                    self._rows.popleft()
            while self._waiting:
                batch = self._waiting[:METRICS_AT_MOST]
                self._client.log_batch(self._run_id, metrics=batch)
                self._waiting = self._waiting[len(batch) :]

    def _new_in(self, now: int, row: Mapping[str, float]) -> list[Metric]:
        """Return the metrics of a row that MLflow does not have yet."""
        named = {chart_name(name): value for name, value in row.items() if "/" in name}
        for name in named:
            self._known.setdefault(name, self._steps_in_mlflow(name))
        metrics = []
        for name, value in named.items():
            step = int(row["step"]) if "step" in row else max(self._known[name], default=-1) + 1
            if step not in self._known[name]:
                self._known[name].add(step)
                metrics.append(Metric(name, value, now, step))
        return metrics

    def _steps_in_mlflow(self, name: str) -> set[int]:
        if name in self._known:
            return self._known[name]
        return {metric.step for metric in self._client.get_metric_history(self._run_id, name)}
