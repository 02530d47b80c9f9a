"""`mlflow models serve` as a process, and how it is asked."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


@contextmanager
def serving(uri: str, folder: Path, told: Mapping[str, str]) -> Iterator[str]:
    """Where a server of this model answers; `told` is added to its environment, and its log lies in `folder`."""
    port = free_port()
    places = str(Path(sys.executable).parent)
    command = [f"{places}/mlflow", "models", "serve", "--env-manager", "local", "-m", uri]
    command += ["--port", str(port), "--host", "127.0.0.1"]
    path = f"{places}:{os.environ['PATH']}"  # as in a venv that is active: MLflow calls uvicorn by its name
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", **told}
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, stdout=file, stderr=file, cwd=folder, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", process, log)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def post(address: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
    try:
        with urlopen(Request(address, body, {"Content-Type": kind}), timeout=60) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def asked(texts: list[Any], **params: Any) -> bytes:
    return json.dumps(
        {"dataframe_split": {"columns": ["source"], "data": [[t] for t in texts]}, "params": params}
    ).encode()


def predictions(answer: Any) -> list[str]:
    return [row["prediction"] for row in answer["predictions"]]


@contextmanager
def asking(address: str, texts: Sequence[str], pause: float) -> Iterator[list[int]]:
    """Ask one text after another in the block, seconds apart; gives the status of each answer, 0 for none."""
    statuses: list[int] = []
    stop = Event()

    def ask() -> None:
        for source in cycle(texts):
            if stop.wait(pause):
                return
            try:
                statuses.append(post(f"{address}/invocations", asked([source]))[0])
            except OSError:
                statuses.append(0)

    with ThreadPoolExecutor(1) as pool:
        client = pool.submit(ask)
        try:
            yield statuses
        finally:
            stop.set()
            client.result()
