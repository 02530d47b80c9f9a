"""Answers over HTTP: `seqloom serve` and `mlflow models serve`, one client and 50, beside the backend alone.

Wall time is what users see and depends on what else runs; the processor time of the server stands beside it. A model
that does nothing shows what MLflow's server can do at most.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.command import run_seqloom
from bench.paths import HOME, ROOT
from bench.row import Row

TEXTS = ["Restart the kernel", "Open the file in a new tab", "Save", "Close all tabs", "Clear the output of the cell"]
CLIENTS, REQUESTS, ALONE = 50, 20, 100  # at once, of each of them, and of one client
ROUNDS = 40  # of the layers of one answer, by turns
EPOCHS = 3  # of a version that is trained for the measurement
ECHO = ROOT / "bench" / "contenders" / "echo_model.py"
MLFLOW_SERVER = ("-m", "mlflow", "models", "serve", "--env-manager", "local", "-m")
GOALS = {"alone": 15.0, "together": 300.0, "predict": 1.3}  # milliseconds, requests/s, times the backend alone
PATIENCE = 120  # seconds until a server is there


@dataclass(frozen=True)
class Load:
    """What clients saw, and what it cost the server."""

    milliseconds: Sequence[float]  # sorted
    seconds: float  # of all
    processor: float  # milliseconds of the server a request
    errors: int

    @property
    def told(self) -> str:
        """Return the percentiles and the cost in words."""
        p50, p95 = (self.milliseconds[int(share * len(self.milliseconds))] for share in (0.5, 0.95))
        return f"p50 {p50:.1f} ms, p95 {p95:.1f}, {self.processor:.1f} ms CPU"


def measure(version: str, home: Path) -> list[Row]:
    """Measure a version, models:/NAME@ALIAS in `home`; an empty name trains the demo for a few epochs."""
    if not version:
        home = HOME / "serving"
        run_seqloom(home, "train", str(ROOT / "recipes" / "demo.yaml"), "-o", f"training.epochs={EPOCHS}")
        version = "models:/jupyterlab-en-zh/1"
    environment = {**os.environ, "SEQLOOM_HOME": str(home), "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    rows = [_predict_row(version, environment)]
    with TemporaryDirectory(dir=HOME) as folder:
        echo = _write_echo(Path(folder) / "echo")
        for name, command in (
            ("seqloom serve", ["-m", "seqloom.cli.main", "serve", version, "--port"]),
            ("mlflow models serve", [*MLFLOW_SERVER, version, "--port"]),
            ("mlflow models serve, an echo", [*MLFLOW_SERVER, str(echo), "--port"]),
        ):
            rows += _rows_of_server(name, command, environment)
    return rows


def _rows_of_server(name: str, command: Sequence[str], environment: Mapping[str, str]) -> list[Row]:
    """Measure a server with one client and with many."""
    load = f"load {os.getloadavg()[0]:.0f}"
    with _serving(command, environment) as (port, group):
        _client(port, 0, 10)
        alone = _loaded(group, lambda: [_client(port, 0, ALONE)])
        together = _loaded(group, lambda: _at_once(port))
    p50 = alone.milliseconds[len(alone.milliseconds) // 2]
    speed = len(together.milliseconds) / together.seconds
    ours = f"{speed:.0f} requests/s, {together.errors} errors, {together.told}"
    goal = 1.0 if not together.errors else float("inf")
    return [
        Row(f"{name}, one client", alone.told, f"15 ms, {load}", p50 / GOALS["alone"], 1.0, "less"),
        Row(f"{name}, {CLIENTS} clients", ours, f"300/s, {load}", speed / GOALS["together"], goal, "more"),
    ]


def _write_echo(folder: Path) -> Path:
    """Write a model that does nothing, with a signature like a version's."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    answered = Schema([ColSpec("string", "prediction"), ColSpec("boolean", "truncated")])
    signature = ModelSignature(Schema([ColSpec("string", "source")]), answered)
    mlflow.pyfunc.save_model(folder, python_model=str(ECHO), signature=signature, pip_requirements=[])
    return folder


def _predict_row(version: str, environment: Mapping[str, str]) -> Row:
    """Measure `predict` of one text and the backend alone, in a process of their own."""
    command = [sys.executable, "-m", "bench.serving_speed", version]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    backend, predict = json.loads(done.stdout.splitlines()[-1])
    ours, theirs = f"{predict:.1f} ms CPU", f"{backend:.1f} ms CPU, backend alone"
    return Row("predict of one text", ours, theirs, predict / backend, GOALS["predict"], "less")


def _layers(version: str) -> None:
    """Print the processor milliseconds of the backend and of `predict` for a text, the medians of turns."""
    import seqloom  # noqa: F401 before torch: it sets how long threads spin

    import mlflow  # isort: skip
    import pandas as pd

    model = mlflow.pyfunc.load_model(version)
    generator = model.unwrap_python_model().predictor.generator
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        text = TEXTS[number % len(TEXTS)]
        table = pd.DataFrame({"source": [text]})
        started = time.process_time()
        generator.answer([text], generator.decoding)
        between = time.process_time()
        model.predict(table)
        for times, seconds in zip(taken, (between - started, time.process_time() - between), strict=True):
            times.append(1000 * seconds)
    print(json.dumps([median(times[len(TEXTS) :]) for times in taken]))


@contextmanager
def _serving(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Start a server; yield its port and process group."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (HOME / "serving.log").open("wb") as log:
        started = [sys.executable, *command, str(port)]
        server = subprocess.Popen(started, cwd=HOME, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(port)
        yield port, server.pid
    finally:
        os.killpg(server.pid, 15)
        server.wait(60)


def _loaded(group: int, ask: Callable[[], list[list[tuple[bool, float]]]]) -> Load:
    before, started = _processor_seconds(group), time.perf_counter()
    asked = [each for some in ask() for each in some]
    seconds = time.perf_counter() - started
    spent = 1000 * (_processor_seconds(group) - before) / len(asked)
    return Load(sorted(1000 * took for _, took in asked), seconds, spent, sum(not good for good, _ in asked))


def _at_once(port: int) -> list[list[tuple[bool, float]]]:
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(lambda number: _client(port, number, REQUESTS), range(CLIENTS)))


def _client(port: int, first: int, requests: int) -> list[tuple[bool, float]]:
    """Send requests over one connection; return of each whether it was answered, and its seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    seen = []
    for number in range(first, first + requests):
        body = json.dumps({"dataframe_records": [{"source": TEXTS[number % len(TEXTS)]}]})
        started = time.perf_counter()
        connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        seen.append((answer.status == 200 and b"prediction" in text, time.perf_counter() - started))
    connection.close()
    return seen


def _processor_seconds(group: int) -> float:
    """Return what the processes of a group have used: fields 14 and 15 of /proc/PID/stat, in ticks."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/ping")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"no server answers at port {port}: see {HOME}/serving.log")


if __name__ == "__main__":
    _layers(sys.argv[1])
