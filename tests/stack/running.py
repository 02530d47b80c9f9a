"""`seqloom up` as a user starts it, on free ports, in a home of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from flows.stack.child import processes_of

ROOT = Path(__file__).parents[2]
UP = [sys.executable, "-m", "flows.command_line", "up"]


@dataclass(frozen=True)
class RunningStack:
    """A stack that is up."""

    process: "subprocess.Popen[bytes]"
    home: Path
    prefect_url: str
    prefect_api: str
    mlflow_url: str
    said: Path  # what `seqloom up` printed

    @property
    def environment(self) -> dict[str, str]:
        """For a command of a user of this stack."""
        return environment(self.home) | {"PREFECT_API_URL": self.prefect_api, "MLFLOW_TRACKING_URI": self.mlflow_url}

    def client(self) -> SyncPrefectClient:
        """Of Prefect's API."""
        return SyncPrefectClient(api=self.prefect_api)

    def run(self, deployment: str, recipe: dict[str, Any]) -> UUID:
        """Ask for a run of data-to-model, as the button in the UI does."""
        with self.client() as client:
            found = client.read_deployment_by_name(f"data-to-model/{deployment}")
            return client.create_flow_run_from_deployment(found.id, parameters={"recipe": recipe}).id

    def wait(self, run: UUID, until: Callable[[FlowRun], bool], patience: float = 90) -> FlowRun:
        """The flow run, as soon as `until` holds of it."""
        deadline = time.monotonic() + patience
        with self.client() as client:
            while not until(found := client.read_flow_run(run)):
                assert time.monotonic() < deadline, f"{found.state}\n{self.said.read_text(encoding='utf-8')}"
                time.sleep(0.2)
        return found

    def wait_for_end(self, run: UUID, patience: float = 90) -> FlowRun:
        """The flow run in its last state."""
        return self.wait(run, lambda found: bool(found.state and found.state.is_final()), patience)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a user who has set nothing but the home."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    return {**ours, "SEQLOOM_HOME": str(home), "OMP_NUM_THREADS": "1", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def a_stack(home: Path, **more: str) -> Iterator[RunningStack]:
    """A stack that is up, and is told to end when the block ends."""
    prefect, mlflow = free_port(), free_port()
    home.mkdir(parents=True, exist_ok=True)
    said = home / "said.txt"
    ports = {"SEQLOOM_PREFECT_PORT": str(prefect), "SEQLOOM_MLFLOW_PORT": str(mlflow)}
    with said.open("wb") as stream:
        process = subprocess.Popen(
            UP, cwd=ROOT, env=environment(home, **ports, **more), stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        while not (home / "stack.json").exists():
            assert process.poll() is None, said.read_text(encoding="utf-8") + logs(home)
            time.sleep(0.1)
        url = f"http://127.0.0.1:{prefect}"
        yield RunningStack(process, home, url, f"{url}/api", f"http://127.0.0.1:{mlflow}", said)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)
        assert not processes_of(home)


def logs(home: Path) -> str:
    """The end of each server's log, for a test that fails."""
    files = sorted((home / "logs").glob("*.log"))
    return "".join(f"\n--- {file}\n{file.read_text(encoding='utf-8', errors='replace')[-3000:]}" for file in files)
