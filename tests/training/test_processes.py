"""Several processes for one training: the losses of one, whatever is killed."""

import inspect
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.parallel import DistributedDataParallel

from seqloom.models.model_factory import WEIGHTS_FILE
from seqloom.recipe.schema import TrainingSection
from seqloom.training.data_parallel import ProcessGroup
from seqloom.training.distributed_launch import take_part
from seqloom.training.node_address import address_towards, interface_of
from seqloom.training.training_history import read_history
from tests.training.small import Row, mistake_of, run_stage, write_home

STILL = {"dropout": 0.0}
LONG = {"epochs": 20, "patience": 20, "batch_tokens": 24, "learning_rate": 1e-3}


TOGETHER = {**LONG, "processes": 2, "checkpoint_minutes": 1e-9}


def losses(home: Path) -> list[float]:
    rows = read_history(home / "made")
    return [row[name] for row in rows for name in ("train/loss", "validation/loss") if name in row]


@pytest.mark.parametrize("change", [{}, {"gradient_accumulation": 3, "ema_decay": 0.9, "average_checkpoints": 2}])
def test_two_processes_have_the_losses_of_one(change: dict[str, Any], tmp_path: Path) -> None:
    one, two = write_home(tmp_path / "one"), write_home(tmp_path / "two")
    training = {"epochs": 3, **change}
    facts = run_stage(one, STILL, training)
    rows: list[Row] = []
    both = run_stage(two, STILL, {**training, "processes": 2}, rows.append)
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    assert rows == read_history(two / "made")
    for figure in ("epochs", "steps", "best_epoch", "parameters"):
        assert both[figure] == facts[figure]
    weights = [load_file(home / "made" / WEIGHTS_FILE) for home in (one, two)]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore:`broadcast_buffers` is deprecated")  # its successor would send tables at the start
def test_gradients_are_averaged_without_torchs_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    told = {"RANK": 0, "WORLD_SIZE": 1, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": store.port}
    for name, value in (told | {"TORCHELASTIC_RESTART_COUNT": 0, "GLOO_SOCKET_IFNAME": "lo"}).items():
        monkeypatch.setenv(name, str(value))
    group = ProcessGroup(torch.device("cpu"))
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # whoever imports it now gets an error
    monkeypatch.delitem(vars(torch), "_dynamo", raising=False)
    entered = inspect.unwrap(DistributedDataParallel._inside_ddp_forward)
    monkeypatch.delattr(entered, "__dynamo_disable", raising=False)
    try:
        layer = torch.nn.Linear(2, 1)
        wrapped = group.wrap(layer)
        assert isinstance(wrapped, DistributedDataParallel)
        wrapped(torch.tensor([[1.0, 2.0]])).sum().backward()
        assert layer.weight.grad is not None
        assert layer.weight.grad.tolist() == [[1.0, 2.0]]
    finally:
        torch.distributed.destroy_process_group()
    assert "_dynamo" not in vars(torch)


def test_two_nodes_have_the_losses_of_one_process(tmp_path: Path) -> None:
    one, two = write_home(tmp_path / "one"), write_home(tmp_path / "two")
    run_stage(one, STILL, {"epochs": 3})
    with socket.create_server(("127.0.0.1", 0)) as server:
        meeting = f"127.0.0.1:{server.getsockname()[1]}"
    other = f"""
        import time
        from pathlib import Path
        from seqloom.training.distributed_launch import RUN_FILE, take_part
        folder = Path({str(two / "workspace" / "job")!r})
        while not (folder / RUN_FILE).exists():
            time.sleep(0.05)
        raise SystemExit(take_part(folder))
    """
    with subprocess.Popen([sys.executable, "-c", dedent(other)], stderr=subprocess.PIPE, text=True) as node:
        run_stage(two, STILL, {"epochs": 3, "nodes": 2, "rendezvous": meeting})
        assert node.communicate(timeout=60) == (None, "")
        assert node.returncode == 0
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)


def test_nodes_that_do_not_meet(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"set training\.rendezvous"):
        TrainingSection(nodes=2)
    assert "no training waits here" in mistake_of(lambda: take_part(tmp_path))
    assert "cannot be reached" in mistake_of(lambda: address_towards("no-such-host.invalid:29400"))
    assert interface_of(address_towards("127.0.0.1:29400")) == "lo"


def ranks(parent: int) -> list[int]:
    """The processes of a training below `parent`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            status = (process / "stat").read_text().rpartition(")")[2].split()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status[1]) == parent and b"seqloom.training.distributed_worker" in command and status[0] != "Z":
            found.append(int(process.name))
    return sorted(found)


@contextmanager
def training(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Two processes that save after every update."""
    program = f"""
        import sys
        from pathlib import Path
        from seqloom.preemption import Preempted
        from tests.training.small import run_stage
        try:
            run_stage(Path({str(home)!r}), {STILL!r}, {TOGETHER!r})
        except Preempted as stop:
            print(stop)
            sys.exit(stop.exit_code)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", dedent(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Any, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def steps(home: Path) -> int:
    return max((int(path.name[5:14]) for path in (home / "workspace").glob("step-*")), default=0)


def test_a_process_that_is_killed_has_all_go_on_from_the_checkpoint(tmp_path: Path) -> None:
    """Then the launcher is told to stop, then it is killed: each time the processes go, and the losses stay."""
    one, two = write_home(tmp_path / "one"), write_home(tmp_path / "two")
    run_stage(one, STILL, LONG)
    with training(two) as process:
        for victim in (1, 0):
            reached = steps(two)
            wait_for(lambda reached=reached: steps(two) > reached + 3, process)
            os.kill(ranks(process.pid)[victim], signal.SIGKILL)
            reached = steps(two)
            wait_for(lambda reached=reached: steps(two) > reached, process)
        told = time.monotonic()
        both = ranks(process.pid)
        assert len(both) == 2
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=30)
        assert time.monotonic() - told < 10
        assert process.returncode == 143, error
        assert out == f"stopped at step {steps(two)}; the same command continues\n"
        assert error == 2 * "a process of the training died; all go on from the newest checkpoint\n"
        assert not [pid for pid in both if Path(f"/proc/{pid}").exists()]
    with training(two) as process:
        reached = steps(two)
        wait_for(lambda: steps(two) > reached, process)
        both = ranks(process.pid)
        process.kill()
        end = time.monotonic() + 10
        while [pid for pid in both if Path(f"/proc/{pid}").exists()]:
            assert time.monotonic() < end, "processes that outlived the launcher"
            time.sleep(0.05)
    assert run_stage(two, STILL, {**LONG, "processes": 2})["epochs"] == LONG["epochs"]
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)


def test_a_mistake_is_told_as_by_one_process(tmp_path: Path) -> None:
    bursting = {"epochs": 99, "patience": 99, "optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0}
    home = write_home(tmp_path / "home")
    sentence = mistake_of(lambda: run_stage(home, STILL, {**bursting, "processes": 2}))
    assert "became no number at step" in sentence


def test_more_processes_than_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    from seqloom.training.data_parallel import device_of_rank

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_of_rank(torch.device("cuda"), 1, 2) == torch.device("cuda", 1)
    sentence = mistake_of(lambda: device_of_rank(torch.device("cuda"), 0, 4))
    assert "training.processes is 4" in sentence
    assert "2 GPUs" in sentence
