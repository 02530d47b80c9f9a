"""The stack as a user has it: real servers, real workers, real signals."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
import yaml
from mlflow import MlflowClient
from prefect.states import Cancelling

from seqloom.stack.child_process import processes_of
from seqloom.stack.pidfile import running
from seqloom.stack.prefect_post import authorization
from seqloom.stack.provision import LOST_RUNS, UNBORN_RUNS
from tests.conftest import SILENCE
from tests.stack.conftest import LONG, TINY, is_paused, worker_of
from tests.stack.stack_process import ROOT, UP, RunningStack, environment, free_port


def get(address: str, auth_string: str = "") -> Any:
    asked = urllib.request.Request(address, headers=authorization(auth_string))
    with urllib.request.urlopen(asked, timeout=30) as response:
        return json.load(response)


def up(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(UP, cwd=ROOT, env=environment(home, **more), capture_output=True, text=True, timeout=120)


def test_everything_is_where_it_was_said(stack: RunningStack) -> None:
    said = stack.said.read_text(encoding="utf-8")
    assert stack.prefect_url in said
    assert stack.mlflow_url in said
    assert f"PREFECT_API_URL={stack.prefect_api} " in said
    assert f"cat '{stack.home}/password'" in said
    assert stack.auth_string not in said
    assert get(f"{stack.prefect_url}/ui-settings")["api_url"] == stack.prefect_api
    assert get(f"{stack.prefect_api}/admin/settings", stack.auth_string)["server"]["analytics_enabled"] is False
    assert {file.name for file in (stack.home / "logs").glob("*.log")} == {
        "deploy.log",
        "mlflow.log",
        "prefect.log",
        "seqloom-cpu.log",
    }


def test_servers_listen_to_this_machine_alone(stack: RunningStack) -> None:
    listening = {
        connection.laddr.ip
        for process in processes_of(stack.home)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_prefect_knows_all_it_has_to(stack: RunningStack) -> None:
    with stack.client() as client:
        pools = {pool.name: pool.type for pool in client.read_work_pools()}
        limit = client.read_global_concurrency_limit_by_name("gpu")
        names = {deployment.name for deployment in client.read_deployments()}
        schedules = {one.name: len(one.schedules) for one in client.read_deployments()}
    wanted = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert pools == {"seqloom-cpu": "process", "seqloom-gpu": "process"}
    assert (limit.active, limit.limit, limit.active_slots) == (True, 1, 0)
    assert names == {deployment["name"] for deployment in wanted}
    assert schedules == {deployment["name"]: len(deployment.get("schedules", [])) for deployment in wanted}


def test_a_second_one_says_where_the_first_is(stack: RunningStack) -> None:
    done = up(stack.home)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"the stack is up already: Prefect at {stack.prefect_url}, MLflow at {stack.mlflow_url}\n"


def test_a_run_through_the_worker(stack: RunningStack, lost: UUID) -> None:
    """By the worker that took the place of the killed one, with everything in the stack's home and MLflow."""
    run = stack.wait_for_end(stack.run("train-on-demand", TINY))
    assert run.state
    assert run.state.is_completed(), str(run.state) + stack.all_that_was_said()
    assert run.id != lost
    assert "is started again" in stack.said.read_text(encoding="utf-8")
    client = MlflowClient(stack.mlflow_url)
    version = client.get_model_version_by_alias("phrases", "champion")
    assert client.get_run(str(version.run_id)).data.tags["prefect.flow_run_id"] == str(run.id)
    assert list((stack.home / "artifacts" / "training").glob("*/manifest.json"))


def test_the_model_is_there_with_and_without_the_server(stack: RunningStack) -> None:
    """Its files lie in the home, so that nothing has to be up for them to be read."""
    version = MlflowClient(stack.mlflow_url).get_model_version_by_alias("phrases", "champion")
    for uri in (stack.mlflow_url, f"sqlite:///{stack.home}/mlflow.db"):
        place = MlflowClient(uri).get_model_version_download_uri("phrases", version.version)
        assert place.startswith((stack.home / "mlflow").as_uri())
    command = [*UP[:-1], "generate", "models:/phrases@champion", "a small dog", "--json"]
    done = subprocess.run(command, env=environment(stack.home), capture_output=True, text=True)  # it finds the stack
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["outputs"]) == 1


def test_a_run_may_wait_longer_than_the_silence_of_the_lost_and_be_cancelled(
    stack: RunningStack, waiting: UUID
) -> None:
    state = stack.wait(waiting, is_paused).state
    assert state
    time.sleep(max(0, SILENCE + 15 - (datetime.now(UTC) - state.timestamp).total_seconds()))
    stack.wait(waiting, is_paused)
    processes = stack.processes_of_run(waiting)
    assert processes
    with stack.client() as client:
        client.set_flow_run_state(waiting, Cancelling())
    ended = stack.wait_for_end(waiting, 30)
    assert ended.state
    assert ended.state.is_cancelled(), ended.state
    assert not psutil.wait_procs(processes, timeout=30)[1]


def test_a_run_whose_worker_is_killed_has_crashed_and_left_its_checkpoint(stack: RunningStack) -> None:
    left = set(checkpoints(stack.home))
    run = stack.run("train-on-demand", LONG)
    stack.wait(run, lambda _: bool(set(checkpoints(stack.home)) - left))
    worker_of(stack).kill()
    ended = stack.wait_for_end(run, patience=30)
    assert ended.state
    assert ended.state.is_crashed()
    assert set(checkpoints(stack.home)) - left
    assert not psutil.wait_procs(stack.processes_of_run(run), timeout=30)[1]


def test_a_worker_of_another_machine_lets_its_runs_save_a_checkpoint(stack: RunningStack, tmp_path: Path) -> None:
    with stack.client() as client:
        found = client.read_deployment_by_name("data-to-model/train-on-demand")
        client.create_deployment(
            found.flow_id,
            "on-gpu",
            work_pool_name="seqloom-gpu",
            entrypoint=found.entrypoint,
            pull_steps=found.pull_steps,
            tags=found.tags,
        )
    told = stack.environment | {"SEQLOOM_HOME": str(tmp_path), "PREFECT_WORKER_WEBSERVER_PORT": str(free_port())}
    worker = subprocess.Popen([*UP[:-1], "worker", "seqloom-gpu"], cwd=ROOT, env=told, stdout=subprocess.PIPE)
    try:
        run = stack.run("on-gpu", LONG)
        stack.wait(run, lambda _: bool(checkpoints(tmp_path)))
        first = set(checkpoints(tmp_path))
    finally:
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=90)
    assert worker.returncode == 0, said
    assert b"stopping; runs under way save a checkpoint" in said
    assert set(checkpoints(tmp_path)) - first
    state = stack.wait_for_end(run, patience=10).state
    assert state
    assert state.is_crashed()
    assert processes_of(f"seqloom-gpu {worker.pid}") == []


def test_a_run_that_is_lost_without_a_trace_has_crashed(stack: RunningStack, lost: UUID) -> None:
    ended = stack.wait_for_end(lost)
    assert ended.state
    assert ended.state.is_crashed()
    assert f"no sign of life for {SILENCE} seconds" in str(ended.state.message)


def test_ctrl_c_leaves_a_checkpoint_and_no_process_and_all_is_there_again(stack: RunningStack) -> None:
    left = set(checkpoints(stack.home))
    run = stack.run("train-on-demand", LONG)
    stack.wait(run, lambda _: bool(set(checkpoints(stack.home)) - left))
    under_way = set(checkpoints(stack.home))
    with stack.client() as client:
        client.upsert_global_concurrency_limit_by_name("gpu", 3)
        before = [deployment.id for deployment in client.read_deployments()]

    assert stack.stop(signal.SIGINT) == 0
    assert processes_of(stack.home) == []
    assert stack.said.read_text(encoding="utf-8").endswith("stopped\n")
    assert set(checkpoints(stack.home)) - under_way
    assert running(stack.home) is None

    stack.start()
    with stack.client() as client:
        state = client.read_flow_run(run).state
        assert state
        assert state.is_crashed(), state
        assert [deployment.id for deployment in client.read_deployments()] == before
        assert [len(client.read_automations_by_name(name)) for name in (LOST_RUNS, UNBORN_RUNS)] == [1, 1]
        assert client.read_global_concurrency_limit_by_name("gpu").limit == 3


def checkpoints(home: Path) -> list[Path]:
    """Of trainings that have not ended."""
    return list((home / "artifacts" / "training").glob("*.work/step-*/position.json"))


@pytest.mark.parametrize(("mine", "option"), [("PREFECT", "--prefect-port"), ("MLFLOW", "--mlflow-port")])
def test_a_taken_port(tmp_path: Path, mine: str, option: str) -> None:
    other = "MLFLOW" if mine == "PREFECT" else "PREFECT"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {f"SEQLOOM_{mine}_PORT": str(port), f"SEQLOOM_{other}_PORT": str(free_port())}
        done = up(tmp_path / "home", **ports)
    assert (done.returncode, done.stdout) == (2, "")
    holder = f"process {os.getpid()} ({psutil.Process().name()})"
    sentence = f"port {port} is taken by {holder}; stop it, or choose another port with {option}"
    assert done.stderr == f"seqloom: {sentence}\n"


def test_a_database_that_is_broken(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(0o700)
    (home / "mlflow.db").write_text("this is no database")
    ports = {"SEQLOOM_PREFECT_PORT": str(free_port()), "SEQLOOM_MLFLOW_PORT": str(free_port())}
    done = up(home, **ports)
    assert done.returncode == 2
    damage = "is damaged (file is not a database): put a backup in its place, or move it away and begin without it"
    assert done.stderr == f"seqloom: {home}/mlflow.db {damage}\n"
    assert processes_of(home) == []


@pytest.mark.parametrize("command", [["deploy"], ["worker", "seqloom-cpu"]])
def test_there_is_no_server(tmp_path: Path, command: list[str]) -> None:
    told = environment(tmp_path / "home")
    done = subprocess.run([*UP[:-1], *command], env=told, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("seqloom: there is no Prefect server to speak to: start one with seqloom up")
