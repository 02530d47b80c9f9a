"""`seqloom up` as a user starts it, on free ports, in a home of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from seqloom.stack.child_process import RUN, processes_of
from seqloom.stack.password import credentials, known_auth_string
from seqloom.stack.pidfile import running

ROOT = Path(__file__).parents[2]
UP = [sys.executable, "-m", "seqloom.cli.main", "up"]


class RunningStack:
    """`seqloom up` in `home`, where nothing else is; with `more` in its environment."""

    def __init__(self, home: Path, **more: str) -> None:
        prefect, mlflow = free_port(), free_port()
        self.home = home
        self.prefect_url = f"http://127.0.0.1:{prefect}"
        self.prefect_api = f"{self.prefect_url}/api"
        self.mlflow_url = f"http://127.0.0.1:{mlflow}"
        self.said = home / "said.txt"  # what it printed since its last start
        ports = {"SEQLOOM_PREFECT_PORT": str(prefect), "SEQLOOM_MLFLOW_PORT": str(mlflow)}
        self.told = environment(home, **ports, **more)
        home.mkdir(0o700, parents=True)

    def start(self) -> None:
        """Return when it is up."""
        with self.said.open("wb") as stream:
            self.process = subprocess.Popen(UP, cwd=ROOT, env=self.told, stdout=stream, stderr=subprocess.STDOUT)
        while getattr(running(self.home), "process", None) != self.process.pid:
            assert self.process.poll() is None, self.all_that_was_said()
            time.sleep(0.1)

    def stop(self, number: signal.Signals) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(90)

    def all_that_was_said(self) -> str:
        """By itself, and at the end of each log: for a test that fails."""
        files = [self.said, *sorted((self.home / "logs").glob("*.log"))]
        return "".join(f"\n--- {file}\n{file.read_text(encoding='utf-8', errors='replace')[-3000:]}" for file in files)

    @property
    def environment(self) -> dict[str, str]:
        """For a command of a user of this stack."""
        servers = {"PREFECT_API_URL": self.prefect_api, "MLFLOW_TRACKING_URI": self.mlflow_url}
        return environment(self.home) | servers | credentials(self.auth_string, mlflow_asks=False)

    @property
    def auth_string(self) -> str:
        """USER:PASSWORD of the home."""
        return known_auth_string(self.home)

    def processes_of_run(self, run: UUID) -> list[psutil.Process]:
        """The process of a flow run and the one that watches over it."""
        return [one for one in processes_of(self.home) if one.environ().get(RUN) == str(run)]

    def client(self) -> SyncPrefectClient:
        """Of Prefect's API."""
        return SyncPrefectClient(api=self.prefect_api, auth_string=self.auth_string)

    def run(self, deployment: str, recipe: dict[str, Any]) -> UUID:
        """Ask for a run of data-to-model, as the button in the UI does."""
        with self.client() as client:
            found = client.read_deployment_by_name(f"data-to-model/{deployment}")
            return client.create_flow_run_from_deployment(found.id, parameters={"recipe": recipe}).id

    def wait(self, run: UUID, until: Callable[[FlowRun], bool], patience: float = 180) -> FlowRun:
        """The flow run, as soon as `until` holds of it."""
        deadline = time.monotonic() + patience
        with self.client() as client:
            while not until(found := client.read_flow_run(run)):
                assert time.monotonic() < deadline, f"{found.state}{self.all_that_was_said()}"
                time.sleep(0.2)
        return found

    def wait_for_end(self, run: UUID, patience: float = 180) -> FlowRun:
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
