"""Supervisor of the stack: starts servers and workers, restarts workers, and ends every process it started."""

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from seqloom.errors import StackFailure, UserError
from seqloom.interpreter import PYTHON_MODULE
from seqloom.registry.mlflow_database import prepare_ours
from seqloom.registry.ui_links import TRAINING_VIEW
from seqloom.stack.child_process import Child, end, flow_runs_of, processes_of, wait_until_ready
from seqloom.stack.layout import CPU_POOL, GPU_POOL, HOST, Layout
from seqloom.stack.password import password_file
from seqloom.stack.pidfile import RunningStack, announce, claim, running, withdraw
from seqloom.stack.postgres import make_schemas
from seqloom.stack.prefect_post import post
from seqloom.stack.signals import ignore_signals, until_signal

WORKER_TIMEOUT = 60  # seconds until the first heartbeat of a worker
RUN_GRACE = 30  # seconds for runs under way to save a checkpoint
SERVER_GRACE = 10
DEATHS = 3  # of a worker within a minute end the stack


def up(layout: Layout, say: Callable[[str], None]) -> None:
    """Start everything, keep it up, and end it all at Ctrl-C or SIGTERM; print the addresses if it is up already.

    Raises:
        UserError: a port is taken, or the database cannot be used.
        StackFailure: a server does not start, or died; the rest is ended.
    """
    lock = claim(layout.home)
    if lock is None:
        say(_where_it_is(layout.home))
        return
    with lock, ignore_signals():  # between two blocks that a signal ends there is none that leaves processes behind
        stack = Stack(layout, say)
        try:
            with until_signal():
                stack.start()
                stack.watch()
        finally:
            stack.stop()


class Stack:
    """The processes of a stack."""

    def __init__(self, layout: Layout, say: Callable[[str], None]) -> None:
        self.layout = layout
        self.say = say
        self.servers: list[Child] = []
        self.workers: list[Child] = []
        self.deaths: list[float] = []

    def start(self) -> None:
        """Start servers, provision Prefect, start workers; return when all are ready."""
        left = processes_of(self.layout.home)
        if left:
            self.say(f"ending {len(left)} processes that a killed stack left behind")
            end(flow_runs_of(self.layout.home), RUN_GRACE)  # as at the end of a stack: before their worker
            end(processes_of(self.layout.home), SERVER_GRACE)
        check_port(self.layout.prefect_port, "--prefect-port")
        check_port(self.layout.mlflow_port, "--mlflow-port")
        if self.layout.database_url:
            make_schemas(self.layout.database_url)
        else:
            prepare_ours(self.layout.home)
        (self.layout.home / "prefect").mkdir(exist_ok=True)
        for server in (self.layout.prefect(), self.layout.mlflow()):
            self.servers.append(Child(server, self.layout.logs))
        wait_until_ready(self.servers)
        self.say(f"Prefect      {self.layout.prefect_url}")
        self.say(f"password     {_where_the_password_is(self.layout)}")
        self.say(f"MLflow       {self.layout.mlflow_url}/#/experiments{TRAINING_VIEW}")
        provisioned = self._provision()
        self.say(f"deployments  {', '.join(provisioned['deployments'])}")
        pools = [CPU_POOL, *([GPU_POOL] if provisioned["devices"] else [])]
        self.workers = [Child(self.layout.worker(pool), self.layout.logs) for pool in pools]
        for worker in self.workers:
            self._wait_for_heartbeat(worker)
        self.say(f"workers      {', '.join(pools)}")
        layout = self.layout
        addresses = (layout.prefect_url, layout.prefect_api, layout.mlflow_url)
        announce(layout.home, RunningStack(*addresses, str(layout.home), layout.mlflow_asks))
        self.say(_how_to_try(self.layout, provisioned["deployments"]))

    def watch(self) -> None:
        """Check servers and workers once a second; replace a worker that died."""
        while True:
            time.sleep(1)
            for server in self.servers:
                server.check(patience=float("inf"))
            for number, worker in enumerate(self.workers):
                if worker.ended:
                    self.workers[number] = self._replace(worker)

    def stop(self) -> None:
        """End runs first, while the servers still record how they end; a second Ctrl-C ends all at once."""
        withdraw(self.layout.home)
        if not self.servers:
            return
        self.say("stopping; runs under way save a checkpoint (Ctrl-C again to kill them)")
        with until_signal():
            end(flow_runs_of(self.layout.home), RUN_GRACE)  # before their worker, which kills them without warning
            end((psutil.Process(worker.process.pid) for worker in self.workers if not worker.ended), SERVER_GRACE)
            end((psutil.Process(server.process.pid) for server in self.servers if not server.ended), SERVER_GRACE)
        end(processes_of(self.layout.home), grace=0)
        self.say("stopped")

    def _provision(self) -> dict[str, Any]:
        log = self.layout.logs / "deploy.log"
        with log.open("wb") as stream:
            command = [*PYTHON_MODULE, "seqloom.cli.main", "deploy", "--json"]
            if not Path("prefect.yaml").is_file():  # this server is for nobody else to wonder at
                command.append("--examples")
            done = subprocess.run(command, env=self.layout.environment(), stdout=subprocess.PIPE, stderr=stream)
        if done.returncode:
            said = log.read_text(encoding="utf-8").splitlines() or [f"seqloom deploy ended with code {done.returncode}"]
            why = said[-1]  # its last word
            raise StackFailure(f"the deployments could not be made ({why.removeprefix('seqloom: ')}): see {log}")
        provisioned: dict[str, Any] = json.loads(done.stdout)
        return provisioned

    def _wait_for_heartbeat(self, worker: Child) -> None:
        while not self._has_heartbeat(worker):
            worker.check(WORKER_TIMEOUT)
            time.sleep(0.2)

    def _has_heartbeat(self, worker: Child) -> bool:
        """Return whether the worker sent a heartbeat since it started: an earlier one is of an earlier stack."""
        path = f"/work_pools/{worker.server.name}/workers/filter"
        try:
            workers = post(self.layout.prefect_api, path, self.layout.auth_string)
        except OSError:  # a server that is busy is asked again
            return False
        beats = [datetime.fromisoformat(found["last_heartbeat_time"]) for found in workers]
        return any(beat.timestamp() > worker.started for beat in beats)

    def _replace(self, worker: Child) -> Child:
        now = time.monotonic()
        self.deaths = [death for death in self.deaths if now - death < 60] + [now]
        name, code = worker.server.name, worker.process.returncode
        if len(self.deaths) >= DEATHS:
            raise StackFailure(f"the worker {name} ended {DEATHS} times within a minute: see {worker.log}")
        self.say(f"the worker {name} ended with code {code}, and its runs with it; it is started again")
        # They write to it: their next line of log breaks them, unless SIGTERM lets them save a checkpoint before.
        alive = {other.process.pid for other in self.workers if not other.ended}
        end((run for run in flow_runs_of(self.layout.home) if run.ppid() not in alive), RUN_GRACE)
        return Child(worker.server, self.layout.logs)


def check_port(port: int, option: str) -> None:
    """Raise a `UserError` that names who has the port and the option that chooses another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before may still be closing
        try:
            probe.bind((HOST, port))
        except OSError:
            raise UserError(
                f"port {port} is taken by {_holder(port)}; stop it, or choose another port with {option}"
            ) from None


def _holder(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return "another program"


def _where_it_is(home: Path) -> str:
    found = running(home)
    if found is None:
        return f"the stack in {home} is being started or stopped by another seqloom up"
    return f"the stack is up already: Prefect at {found.prefect_url}, MLflow at {found.mlflow_url}"


def _where_the_password_is(layout: Layout) -> str:
    asking = "Prefect's page and MLflow's ask" if layout.mlflow_asks else "Prefect's page asks"
    if os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        return f"PREFECT_SERVER_API_AUTH_STRING, as you set it; {asking} for it once"
    return f"{_read_password(layout)}   ({asking} for it once)"


def _read_password(layout: Layout) -> str:
    return f"cat {shlex.quote(str(password_file(layout.home)))}"


def _how_to_try(layout: Layout, deployments: list[str]) -> str:
    wanted = "data-to-model/train-on-demand"
    training = next((name for name in deployments if name.startswith("data-to-model/")), deployments[0])
    deployment = wanted if wanted in deployments else training
    prefect = Path(sys.executable).parent / "prefect"
    command = prefect.relative_to(Path.cwd()) if prefect.is_relative_to(Path.cwd()) else prefect
    own = not os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    given = f'PREFECT_API_AUTH_STRING="$({_read_password(layout)})" ' if own else ""
    return f"""
Try it in another terminal:
  {given}PREFECT_API_URL={layout.prefect_api} {shlex.quote(str(command))} deployment run {deployment} --watch

Logs are in {layout.logs}. Ctrl-C stops everything; runs under way save a checkpoint."""
