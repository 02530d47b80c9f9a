"""Every figure reaches MLflow once, however often it is told, and whether MLflow is there or not."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

from seqloom.registry import metric_logger
from seqloom.registry.metric_logger import MetricLogger, chart_name
from seqloom.registry.mlflow_runs import FlowRun, open_run
from tests.registry.tiny import corpus, recipe_named

ROWS = [{"step": step, "epoch": step // 5, "train/loss": 1 / step} for step in range(1, 301)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECONDS_BETWEEN_SENDS", "SECONDS_BETWEEN_TRIES"):
        monkeypatch.setattr(metric_logger, name, 0.01)


def opened(client: MlflowClient, home: Path, name: str) -> str:
    return open_run(client, recipe_named(name), "key", FlowRun("flow", "flow"), corpus(), home)


def points(client: MlflowClient, run_id: str, name: str) -> list[tuple[int, float]]:
    return [(metric.step, metric.value) for metric in client.get_metric_history(run_id, name)]


class Unsteady:
    """An MLflow of which each call in `broken` fails: before it is heard, or after, when only the answer is lost."""

    def __init__(self, client: MlflowClient, broken: set[int], error: Exception, heard: bool = False) -> None:
        self.client, self.broken, self.error, self.heard = client, broken, error, heard
        self.calls = 0

    def get_metric_history(self, *arguments: Any) -> Any:
        return self._call("get_metric_history", *arguments)

    def log_batch(self, run_id: str, metrics: Sequence[Metric]) -> Any:
        return self._call("log_batch", run_id, metrics)

    def _call(self, name: str, *arguments: Any) -> Any:
        self.calls += 1
        if self.calls not in self.broken:
            return getattr(self.client, name)(*arguments)
        if self.heard:
            getattr(self.client, name)(*arguments)
        raise self.error


def test_every_figure_is_sent_once_however_often_it_is_told(client: MlflowClient, home: Path) -> None:
    """A killed training sent a part of its history, not always the first; the next one tells it all again."""
    run_id = opened(client, home, "history")
    rows = [dict(row) for row in ROWS]
    rows[9] |= {"validation/loss": 0.5}
    with MetricLogger(client, run_id) as killed:
        for row in rows[50:150]:
            killed(row)
    with MetricLogger(client, run_id) as following:
        for row in [*rows, *rows]:
            following(row)
    assert sorted(points(client, run_id, "loss/train")) == [(step, 1 / step) for step in range(1, 301)]
    assert points(client, run_id, "loss/validation") == [(10, 0.5)]
    assert set(client.get_run(run_id).data.metrics) == {"loss/train", "loss/validation"}


@pytest.mark.parametrize("heard", [False, True], ids=["not heard", "answer lost"])
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ConnectionError("refused"), id="no connection"),
        pytest.param(MlflowException("later"), id="no answer"),
    ],
)
def test_what_waits_while_mlflow_is_away_arrives_once_and_in_order(
    client: MlflowClient, home: Path, error: Exception, heard: bool, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = opened(client, home, f"away-{heard}-{type(error).__name__}")
    unsteady = Unsteady(client, {1, 3, 4, 5, 8}, error, heard)
    with MetricLogger(unsteady, run_id) as log:  # type: ignore[arg-type]
        for number, row in enumerate(ROWS):
            log(row)
            if number % 50 == 0:
                time.sleep(0.03)  # so that it is sent in pieces
    assert unsteady.calls > 5
    assert points(client, run_id, "loss/train") == [(step, 1 / step) for step in range(1, 301)]
    away, back = caplog.text.count("MLflow does not answer"), caplog.text.count("MLflow is back")
    assert away == back >= 1


def test_rows_without_a_step_are_numbered_on(client: MlflowClient, home: Path) -> None:
    run_id = opened(client, home, "numbered")
    for _ in range(2):
        with MetricLogger(client, run_id) as log:
            log({"system/cpu": 1.0})
            log({"system/cpu": 2.0})
    assert points(client, run_id, "system/cpu") == [(0, 1.0), (1, 2.0), (2, 1.0), (3, 2.0)]


def test_figures_that_are_refused_stop_nothing(
    client: MlflowClient, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = opened(client, home, "refused")
    refusing = Unsteady(client, set(range(1, 99)), MlflowException("the run is deleted", error_code=5))
    with MetricLogger(refusing, run_id) as log:  # type: ignore[arg-type]
        for row in ROWS:
            log(row)
    assert caplog.text.count("the run is deleted") == 1
    assert points(client, run_id, "loss/train") == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whoever_stops_does_not_wait_long(
    client: MlflowClient, home: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_logger, "STOPPED_OUTAGE_LIMIT", 0.1)
    run_id = opened(client, home, f"stopped-{error.__name__}")
    away = Unsteady(client, set(range(1, 9999)), ConnectionError("refused"))
    began = time.monotonic()
    with suppress(error), MetricLogger(away, run_id) as log:  # type: ignore[arg-type]
        log(ROWS[0])
        raise error
    assert time.monotonic() - began < 5
    away.broken = set()  # so that its thread ends


CURVES = ("train/loss", "validation/loss", "validation/perplexity", "validation/chrf", "validation/macro_f1")
BARS = ("test/bleu", "test/perplexity")
COSTS = ("train/learning_rate", "train/seconds", "train/tokens_per_second", "system/cpu_utilization_percentage")


def test_charts_begin_with_curves() -> None:
    """In MLflow's order, which is the alphabet's, section by section."""
    sections = {figure: chart_name(figure).partition("/")[0] for figure in (*CURVES, *BARS, *COSTS)}
    assert max(sections[curve] for curve in CURVES) < min(sections[bar] for bar in BARS)
    assert len({chart_name(figure) for figure in sections}) == len(sections)
    assert all(chart_name(figure) == figure for figure in (*BARS, *COSTS))
