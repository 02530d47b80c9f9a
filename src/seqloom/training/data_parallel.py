"""Process group of a training: one process, or several with averaged gradients."""

import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import torch
from torch import distributed, nn
from torch._C._distributed_c10d import PrefixStore, TCPStore
from torch.nn.parallel import DistributedDataParallel

from seqloom.errors import UserError

PATIENCE = timedelta(days=1)
"""Timeout of waiting for another process: as long as a validation may take. A dead one is noticed at once."""


class SingleProcess:
    """Group of one process."""

    rank = 0
    size = 1

    def totals(self, *values: float) -> list[float]:
        """Return the sum of each value over all processes."""
        return list(values)

    def wait(self) -> None:
        """Wait for all processes (a barrier)."""

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return the module with gradients averaged over all processes."""
        return module


class ProcessGroup(SingleProcess):
    """Group of several processes that torch's elastic launcher started."""

    def __init__(self, device: torch.device) -> None:
        # All are on this machine, whatever its name resolves to, unless the launcher found the interface to others.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        if device.type == "cuda":
            torch.cuda.set_device(device)
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        self.rank, self.size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        # After a restart the launcher's store still knows the addresses of the dead: begin with none.
        store = TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
        fresh = PrefixStore(f"attempt-{os.environ['TORCHELASTIC_RESTART_COUNT']}", store)
        distributed.init_process_group(backend, store=fresh, rank=self.rank, world_size=self.size, timeout=PATIENCE)

    def totals(self, *values: float) -> list[float]:
        """Return the sum of each value over all processes; on the CPU, so that a GPU does not wait."""
        sums = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(sums)
        return [float(value) for value in sums.tolist()]

    def wait(self) -> None:
        """Wait for all processes (a barrier)."""
        self.totals(0.0)

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return the module with gradients averaged over all processes while they are computed."""
        with _compiler_left_out():
            # No buffers: tables that every process computes for itself, and longer or shorter as its batches are.
            return DistributedDataParallel(module, broadcast_buffers=False, gradient_as_bucket_view=True)


@contextmanager
def _compiler_left_out() -> Iterator[None]:
    """Keep torch from importing its compiler for a module it wraps: seconds of each process, and nothing is compiled.

    As in `seqloom.training.optimizer`, a function that is marked as not to be compiled is called as it is. The wrapper
    asks for one thing more, how the compiler would split what it compiles, and is told the default.
    """
    if sys.modules.get("torch._dynamo") is not None:  # the program around us may compile
        yield
        return
    entered = inspect.unwrap(DistributedDataParallel._inside_ddp_forward)
    setattr(entered, "__dynamo_disable", entered)
    told = SimpleNamespace(get_optimize_ddp_mode=lambda: "ddp_optimizer")
    vars(torch)["_dynamo"] = SimpleNamespace(utils=told)
    try:
        yield
    finally:
        del vars(torch)["_dynamo"]


def device_of_rank(device: torch.device, rank: int, size: int) -> torch.device:
    """Return the GPU of a process, or the CPU with its share of the cores, by its rank on this machine.

    Raises:
        UserError: there are fewer GPUs than processes.
    """
    if device.type == "cpu":
        torch.set_num_threads(max(1, torch.get_num_threads() // size))
        return device
    if size > torch.cuda.device_count():
        raise UserError(
            f"training.processes is {size}, but torch sees {torch.cuda.device_count()} GPUs here: lower "
            "training.processes, or set training.device to cpu"
        )
    return torch.device("cuda", rank)
