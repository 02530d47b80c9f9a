"""Figures on their way to MLflow: whoever tells one goes on at once, whether MLflow is there or not."""

import logging
import time
from collections import deque
from collections.abc import Mapping
from contextvars import copy_context
from threading import Event, Lock, Thread
from typing import Self

from mlflow import MlflowClient
from mlflow.entities import Metric

from seqloom.artifact.fsync import says_full
from seqloom.registry.tracking import OUTAGE_LIMIT, is_away

METRICS_AT_MOST = 1000  # MLflow takes in one call
SECONDS_BETWEEN_SENDS = 2.0
SECONDS_BETWEEN_TRIES = 5.0  # while MLflow is away
STOPPED_OUTAGE_LIMIT = 5.0  # seconds: the history is in the checkpoint, and the next start tells it

logger = logging.getLogger(__name__)


def chart_name(figure: str) -> str:
    """What MLflow calls a figure of a training's history.

    A run's charts stand in sections by what is before the stroke, in the order of the alphabet. So losses and scores
    while training goes on, which are curves, come before `test/…`, which is a bar each; what training costs comes last.
    Runs that were logged before have the figures by their own names.
    """
    split, _, name = figure.partition("/")
    if name == "loss":
        return f"loss/{split}"
    if split == "validation":
        return f"{'loss' if name == 'perplexity' else 'score'}/{split}_{name}"
    return figure


class MetricLogger:
    """Takes rows of figures and sends them to a run from a thread: in order, each once.

    While MLflow is away they wait. A training that goes on after a kill tells its history from the beginning; what
    MLflow has already is passed over. A batch whose answer was lost is sent again: MLflow keeps equal points once.
    As a context it returns when all is sent, or when its patience ends.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._rows: deque[tuple[int, Mapping[str, float]]] = deque()  # with the milliseconds they were told at
        self._waiting: list[Metric] = []  # new to MLflow, and not known to have arrived
        self._told: dict[str, set[int]] = {}  # steps, by the figure's name
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
        """Take one row of a training's history; a row without a step goes behind the last one of its figures."""
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
        """Say once that MLflow is away; figures that it refuses while it is there are given up."""
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
        """Send all that waits; what has arrived is forgotten only then, so an error loses nothing."""
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
        """The figures of a row that MLflow does not have yet."""
        named = {chart_name(name): value for name, value in row.items() if "/" in name}
        for name in named:
            self._told.setdefault(name, self._steps_in_mlflow(name))
        metrics = []
        for name, value in named.items():
            step = int(row["step"]) if "step" in row else max(self._told[name], default=-1) + 1
            if step not in self._told[name]:
                self._told[name].add(step)
                metrics.append(Metric(name, value, now, step))
        return metrics

    def _steps_in_mlflow(self, name: str) -> set[int]:
        if name in self._told:
            return self._told[name]
        return {metric.step for metric in self._client.get_metric_history(self._run_id, name)}
