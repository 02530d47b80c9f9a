"""Layout of the stack: its servers, their addresses, arguments and environments."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seqloom.stack.mlflow_app import AUTH_STRING
from seqloom.stack.password import credentials
from seqloom.stack.postgres import SECRET, mlflow_database, prefect_database

HOST = "127.0.0.1"
CPU_POOL = "seqloom-cpu"
GPU_POOL = "seqloom-gpu"
HEARTBEAT_SECONDS = 30  # of a flow run; Prefect takes no less
FOR_SERVERS = (
    SECRET,
    AUTH_STRING,
    "PREFECT_SERVER_API_AUTH_STRING",
)  # in the environment; no worker and no run is told
MARK = "SEQLOOM_STACK"  # in the environment of all that a stack started, and of what that started: the home


@dataclass(frozen=True)
class Server:
    """One process to start: `python -m` with these arguments and this environment."""

    name: str  # its log is called so too
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    health: str = ""  # an address that answers once the server is ready
    folder: Path | None = None  # it runs in; None: the user's, where Prefect looks for settings and workers for code


@dataclass(frozen=True)
class Layout:
    """Addresses and settings of a stack."""

    home: Path
    prefect_port: int
    mlflow_port: int
    database_url: str = field(default="", repr=False)  # of a Postgres; empty: SQLite below home
    auth_string: str = field(default="", repr=False)  # USER:PASSWORD that Prefect asks for; empty: it asks nobody
    mlflow_asks: bool = False  # MLflow too

    @property
    def prefect_url(self) -> str:
        """Address of Prefect's UI."""
        return f"http://{HOST}:{self.prefect_port}"

    @property
    def prefect_api(self) -> str:
        """Address of Prefect's API, the value of `PREFECT_API_URL`."""
        return f"{self.prefect_url}/api"

    @property
    def mlflow_url(self) -> str:
        """Address of MLflow's UI, the value of `MLFLOW_TRACKING_URI`."""
        return f"http://{HOST}:{self.mlflow_port}"

    @property
    def logs(self) -> Path:
        """Folder of the logs, a file a server."""
        return self.home / "logs"

    def environment(self) -> dict[str, str]:
        """Return the environment of every process of the stack and of every flow run."""
        inherited = {name: value for name, value in os.environ.items() if name not in FOR_SERVERS}
        tuned = {"PREFECT_WORKER_QUERY_SECONDS": "3"}  # the user's own value goes before
        return {
            **tuned,
            **inherited,
            MARK: str(self.home),
            "SEQLOOM_HOME": str(self.home),
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.prefect_api,
            "PREFECT_CLI_PROMPT": "false",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "PYTHONUNBUFFERED": "1",  # a log ends with the last line that was written
            **credentials(self.auth_string, self.mlflow_asks),
        }

    def prefect(self) -> Server:
        """Return Prefect's server: API, UI, scheduler and automations in one process."""
        own = {
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(self.prefect_port),  # where its UI looks for the API: not from --port
            # Leases in memory would be forgotten with the server, and the slots they hold never freed.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            **({"PREFECT_SERVER_API_AUTH_STRING": self.auth_string} if self.auth_string else {}),
            **prefect_database(self.database_url),
        }
        arguments = ("seqloom.stack.prefect_server", "--host", HOST, "--port", str(self.prefect_port))
        return Server("prefect", arguments, {**self.environment(), **own}, f"{self.prefect_api}/health")

    def mlflow(self) -> Server:
        """Return MLflow's tracking server, on the database and the folder that `seqloom train` uses without it."""
        own = {
            "MLFLOW_BACKEND_STORE_URI": mlflow_database(self.database_url, self.home),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # of MLflow's own jobs, which Seqloom has none of
            **({AUTH_STRING: self.auth_string} if self.mlflow_asks else {}),
        }
        files = ("--no-serve-artifacts", "--default-artifact-root", (self.home / "mlflow").as_uri())
        where = ("--host", HOST, "--port", str(self.mlflow_port), "--workers", "1")
        environment = {**self.environment(), **own}
        del environment["MLFLOW_TRACKING_URI"]  # it is that
        arguments = ("seqloom.stack.mlflow_server", *where, *files)
        # Uvicorn, which it starts, imports from the folder that it runs in before all others.
        return Server("mlflow", arguments, environment, f"{self.mlflow_url}/health", self.logs)

    def worker(self, pool: str) -> Server:
        """Return a worker of a process pool; its name is the pool's, so that a new one replaces a dead one."""
        arguments = ("prefect", "worker", "start", "--pool", pool, "--name", pool, "--type", "process")
        return Server(pool, arguments, self.environment())
