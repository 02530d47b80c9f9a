"""A real Prefect server, a real MLflow server and a worker, which a test may kill, take away and bring back."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from mlflow import MlflowClient
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId, TaskRunFilter, TaskRunFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled

from seqloom.recipe.recipe_json import read_recipe
from seqloom.registry.metric_logger import chart_name
from seqloom.training.training_history import read_history
from tests.flows.conftest import DATA

ROOT = Path(__file__).parents[2]
POOL = "survival"
AUTH_STRING = "survival:password"
EPOCHS = 15
FEWER = 8  # of two processes, which share a core or two with the servers


def recipe(name: str, **training: Any) -> dict[str, Any]:
    """A small one; its training is that of no other name."""
    seed = sum(map(ord, name)) * 1000 + len(name)
    return {
        "name": name,
        "corpus": {"train": [str(DATA)], "source_language": "en", "target_language": "de"},
        "vocabulary": {"kind": "word", "size": 400},
        "vectors": {"width": 16, "epochs": 1},
        "model": {"encoder_width": 16, "decoder_width": 16, "dropout": 0.0},
        "training": {"epochs": EPOCHS, "patience": EPOCHS, "batch_tokens": 160, "seed": seed, **training},
        "decoding": {"beam_size": 1, "max_length": 10},
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def until(happened: Callable[[], Any], what: str, seconds: float = 180) -> Any:
    """What `happened` returns as soon as it is true; on a busy machine it has more time, by the load of a core."""
    start = time.monotonic()
    while time.monotonic() - start < (limit := seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))):
        found = happened()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {limit:.0f} seconds")


class Stack:
    """Everything below one folder; a home for each test that wants one of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefect_port, self.mlflow_port = free_port(), free_port()
        self.api = f"http://127.0.0.1:{self.prefect_port}/api"
        self.mlflow = f"http://127.0.0.1:{self.mlflow_port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))},
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_API_AUTH_STRING": AUTH_STRING,
            "PREFECT_SERVER_API_AUTH_STRING": AUTH_STRING,
            "PREFECT_SERVER_API_PORT": str(self.prefect_port),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_WORKER_PREFETCH_SECONDS": "20",
            "DO_NOT_TRACK": "1",
            "MLFLOW_TRACKING_URI": self.mlflow,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # as `seqloom up` says: seven processes that nobody needs
            "SEQLOOM_HOME": str(folder / "home"),
            "OMP_NUM_THREADS": "1",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.client = SyncPrefectClient(self.api, auth_string=AUTH_STRING).__enter__()
        self.registry = MlflowClient(self.mlflow)

    def start(self, *names: str) -> None:
        """Start `prefect`, `mlflow` or `worker`; return when they answer."""
        for name in names:
            self.begin(name)
        for name in names:
            self.await_start(name)

    def begin(self, name: str) -> None:
        port = str(self.prefect_port if name == "prefect" else self.mlflow_port)
        places = {
            "--backend-store-uri": f"sqlite:///{self.folder / 'mlflow.db'}",
            "--artifacts-destination": str(self.folder / "mlartifacts"),
        }
        commands = {
            "prefect": ["seqloom.stack.prefect_server", "--port", port],
            "mlflow": [
                "seqloom.stack.mlflow_server",
                "--port",
                port,
                "--workers",
                "1",
                *chain.from_iterable(places.items()),
            ],
            "worker": ["prefect", "worker", "start", "--pool", POOL, "--type", "process"],
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *commands[name]],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def await_start(self, name: str) -> None:
        health = {"prefect": f"{self.api}/health", "mlflow": f"{self.mlflow}/health"}.get(name)
        if health:
            until(lambda: answers(health), f"the start of {name}", 180)

    def kill(self, name: str) -> None:
        """kill -9 of it and, of a server, its processes; a worker's flow runs are left to themselves."""
        process = self.processes.pop(name)
        children = [] if name == "worker" else psutil.Process(process.pid).children(recursive=True)
        for each in (psutil.Process(process.pid), *children):
            each.kill()
        process.wait()

    def stop(self) -> None:
        self.client.__exit__(None, None, None)
        for process in self.processes.values():
            tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for each in tree:
                each.kill()
            process.wait()

    def deploy(self) -> None:
        """The main flow as a deployment of the pool, which the worker takes runs from."""
        self.client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        self.remake_limit(2)
        flow_id = self.client.create_flow_from_name("data-to-model")
        self.deployment = self.client.create_deployment(
            flow_id=flow_id,
            name="survival",
            entrypoint="flows/data_to_model.py:data_to_model",
            pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}],
            work_pool_name=POOL,
        )

    def remake_limit(self, slots: int) -> None:
        self.client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="gpu", limit=slots))

    def run(self, recipe: dict[str, Any]) -> UUID:
        """The id of a flow run that the worker will take."""
        parameters = {"recipe": recipe}
        made = self.client.create_flow_run_from_deployment(self.deployment, parameters=parameters, state=Scheduled())
        return made.id

    def read(self, run: UUID) -> FlowRun:
        return self.client.read_flow_run(run)

    def ends(self, run: UUID, state: str, seconds: float = 180) -> FlowRun:
        """The flow run, once it is over; in a state of the type that is expected, or with its log in the error."""
        final = lambda: (found := self.read(run)).state and found.state.is_final() and found  # noqa: E731
        found: FlowRun = until(final, f"the end of {run}: {self.log(run)}", seconds)
        assert found.state
        assert found.state.type.name == state.upper(), f"{found.state.name}: {found.state.message}\n{self.log(run)}"
        return found

    def said_by(self, name: str) -> str:
        """What a process of ours has printed."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def log(self, run: UUID) -> str:
        logs = self.client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run])), limit=200)
        return "\n".join(log.message for log in logs)

    def stages(self, run: UUID) -> dict[str, str]:
        """The last state of each task, by the stage's name."""
        runs = self.client.read_task_runs(task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run])))
        return {each.name.partition(" · ")[0]: str(each.state_name) for each in runs}

    def processes_of(self, run: UUID) -> list[psutil.Process]:
        """What works for a flow run, and lives: the flow, and those that train; a worker's hooks are not among them."""
        return [process for process in psutil.process_iter() if _belongs_to(process, str(run))]

    def positions(self, name: str) -> list[int]:
        """Steps of the checkpoints that lie in the workspace of a recipe's training."""
        found = []
        for workspace in (self.folder / "home" / "artifacts" / "training").glob("*.work"):
            try:
                if read_recipe(workspace).name == name:
                    found += [json.loads(file.read_text())["step"] for file in workspace.glob("step-*/position.json")]
            except OSError:  # it is being written, or removed
                continue
        return sorted(found)

    def trains(self, name: str, beyond: int = 0) -> int:
        """The step of the newest checkpoint, as soon as there is one beyond a step."""
        step: int = until(
            lambda: next((step for step in reversed(self.positions(name)) if step > beyond), 0), "a checkpoint", 120
        )
        return step

    def told_once(self, name: str, epochs: int) -> str:
        """The id of the one run of a recipe, which MLflow has in full, each figure once, with one version."""
        experiment = self.registry.get_experiment_by_name(name)
        assert experiment
        [run] = self.registry.search_runs([experiment.experiment_id])
        assert run.info.status == "FINISHED"
        run_id: str = run.info.run_id
        [version] = self.registry.search_model_versions(f"name = '{name}'")
        assert (int(version.version), version.run_id) == (1, run_id)
        history = self.history(name)
        for figure in ("train/loss", "validation/loss"):
            rows = [(row["step"], row[figure]) for row in history if figure in row]
            points = [
                (point.step, point.value) for point in self.registry.get_metric_history(run_id, chart_name(figure))
            ]
            assert sorted(points) == rows, figure
        assert len([row for row in history if "validation/loss" in row]) == epochs
        return run_id

    def history(self, name: str) -> list[dict[str, float]]:
        """Of the finished training of a recipe."""
        made = (self.folder / "home" / "artifacts" / "training").glob("*/manifest.json")
        [folder] = [file.parent for file in made if read_recipe(file.parent).name == name]
        return read_history(folder)

    def finished(self, name: str) -> bool:
        """Whether the training of a recipe is done."""
        made = (self.folder / "home" / "artifacts" / "training").glob("*/manifest.json")
        return any(read_recipe(file.parent).name == name for file in made)

    def ranks(self, run: UUID) -> list[psutil.Process]:
        """The processes that train together for a flow run."""
        return [each for each in self.processes_of(run) if "seqloom.training.distributed_worker" in each.cmdline()]

    def flow_process(self, run: UUID) -> psutil.Process:
        """The process that executes the flow."""
        [process] = [each for each in self.processes_of(run) if "prefect.engine" in each.cmdline()]
        return process


def _belongs_to(process: psutil.Process, run: str) -> bool:
    try:
        works = {"prefect.engine", "seqloom.training.distributed_worker"} & set(process.cmdline())
        return bool(works) and process.is_running() and process.environ().get("PREFECT__FLOW_RUN_ID") == run
    except psutil.Error:
        return False


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
