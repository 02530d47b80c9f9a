"""Stalls of Prefect's server on SQLite while flows write: as Prefect starts it, and as `seqloom up` does.

`python -m bench.prefect_stalls [SECONDS]`, beside work that takes every core: a server with the automations of
`seqloom up`, three processes that run a flow of twenty tasks again and again, and the slowest answer of `/api/health`.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient

from seqloom.stack.provision import make_automations

AS_PREFECT, AS_SEQLOOM = ("prefect", "server", "start"), ("seqloom.stack.prefect_server",)
FLOWS = 3
LONGEST_SILENCE = 90.0  # seconds
PORT = 4311
BUSY = "while True: pass"
FLOW = """
from prefect import flow, tags, task
from prefect.artifacts import create_markdown_artifact

@task
def step(number):
    create_markdown_artifact(f"step {number}", key="a-step")

@flow
def busy():
    for number in range(20):
        step(number)

with tags("seqloom"):
    while True:
        busy()
"""


def slowest_answer(command: tuple[str, ...], seconds: float) -> tuple[float, int]:
    """Return the seconds of the slowest answer, and how often SQLite was locked."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        api = f"http://127.0.0.1:{PORT}/api"
        told = {**os.environ, "PREFECT_HOME": home, "PREFECT_API_URL": api, "PREFECT_SERVER_ANALYTICS_ENABLED": "0"}
        log = Path(home, "server.log")
        arguments = [sys.executable, "-m", *command, "--host", "127.0.0.1", "--port", str(PORT)]
        with log.open("wb") as said:
            processes = [subprocess.Popen(arguments, env=told, stdout=said, stderr=said)]
        try:
            while _seconds_to_answer(f"{api}/health") is None:
                time.sleep(1)
            with SyncPrefectClient(api) as client:
                make_automations(client, silence=180)
            processes += [_start(FLOW, told) for _ in range(FLOWS)] + [_start(BUSY, told) for _ in range(FLOWS)]
            slowest, end = 0.0, time.monotonic() + seconds
            while time.monotonic() < end:
                slowest = max(slowest, _seconds_to_answer(f"{api}/health") or LONGEST_SILENCE)
                time.sleep(0.2)
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()
        return slowest, log.read_text(errors="replace").count("database is locked\n[SQL")


def _start(script: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=quiet, stderr=quiet)


def _seconds_to_answer(url: str) -> float | None:
    started = time.monotonic()
    try:
        urllib.request.urlopen(url, timeout=LONGEST_SILENCE).read()
    except OSError:
        return None
    return time.monotonic() - started


if __name__ == "__main__":
    for how in (AS_PREFECT, AS_SEQLOOM):
        slowest, locked = slowest_answer(how, float(sys.argv[1]) if len(sys.argv) > 1 else 180.0)
        print(f"{' '.join(how)}: slowest answer {slowest:.1f} s, {locked} statements found SQLite locked")
