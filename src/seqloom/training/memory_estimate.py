"""Memory estimate of a training, to warn before memory runs out."""

import logging
import math
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.optim import Optimizer

from seqloom.dataset.bucketed_batches import WINDOW_BATCHES, BucketedBatches, Rows
from seqloom.dataset.padded_batch import Batch
from seqloom.training.gradient_accumulation import Gradients
from seqloom.training.optimizer import flatten_state
from seqloom.training.private_gradients import PrivateGradients

STATES = {"sgd": 0, "adagrad": 1, "adam": 2, "adamw": 2}  # numbers that an optimizer keeps for each that learns
TRANSIENT = 1.25  # what comes and goes within a layer, on top of what is kept for the backward pass
CGROUP = Path("/sys/fs/cgroup")

logger = logging.getLogger(__name__)


def warn_if_short(gradients: Gradients, optimizer: Optimizer, train: BucketedBatches) -> None:
    """Log a warning if less memory is free than the training will need on top of its model."""
    section, device = gradients.section, gradients.device
    free = free_bytes(device)
    if free is None:
        return
    shared_by = gradients.group.size if device.type == "cpu" else 1  # processes in this memory
    try:
        batch = bytes_of_batch(gradients, train) * shared_by / gradients.group.size
    except torch.OutOfMemoryError:  # so few rows are too many: the first update will say so
        return
    states = shared_by * bytes_of_states(gradients, optimizer)
    if states + batch <= free:
        return
    remedy = "narrow the model or its vocabulary"
    if states < free and not isinstance(gradients, PrivateGradients):
        cuts = 2 ** math.ceil(math.log2(batch / (free - states)))
        remedy = (
            f"set training.batch_tokens to {max(1, section.batch_tokens // cuts)} and training.gradient_accumulation "
            f"to {section.gradient_accumulation * cuts}, which makes the same updates"
        )
    logger.warning(
        "training will need about %.1f GiB of %s memory and %.1f GiB are free: %s",
        (states + batch) / 2**30,
        device.type,
        free / 2**30,
        remedy,
    )


def bytes_of_states(gradients: Gradients, optimizer: Optimizer) -> int:
    """Return the bytes of gradients and optimizer state that are not allocated yet.

    A private training holds the gradient of a row beside their sum.
    """
    learning = sum(parameter.numel() for parameter in gradients.plain.parameters() if parameter.requires_grad)
    there = sum(value.numel() * value.element_size() for value in flatten_state(optimizer).values())
    of_row = 4 * learning if isinstance(gradients, PrivateGradients) else 0
    return of_row + max(4 * learning, 4 * learning * (1 + STATES[gradients.section.optimizer]) - there)


def bytes_of_batch(gradients: Gradients, train: BucketedBatches) -> float:
    """Estimate the bytes of the longest batch, from what two and four rows of it keep for the backward pass.

    A private training has one row at a time.
    """
    longest = longest_batch(train, gradients.section.seed)
    if isinstance(gradients, PrivateGradients):
        return TRANSIENT * _bytes_kept(gradients, train.batch(longest[:1]))
    two, four = (_bytes_kept(gradients, train.batch(longest[:1].repeat(count))) for count in (2, 4))
    return TRANSIENT * max(0.0, two + (four - two) / 2 * (len(longest) - 2))


def longest_batch(train: BucketedBatches, seed: int) -> Rows:
    """Return the rows of the batch with the longest pair in the first window."""

    def length(rows: Rows) -> int:
        return int(train.source.lengths_of(rows).max() + train.target.lengths_of(rows).max())

    return max((rows for rows, _ in islice(train.epoch(seed, 0), WINDOW_BATCHES)), key=length)


def free_bytes(device: torch.device) -> int | None:
    """Return the free bytes on the device, within a container's limit; None where the system does not report them."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    available = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    try:
        limit, used = ((CGROUP / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return available
    return available if limit == "max" else min(available, int(limit) - int(used))


def _bytes_kept(gradients: Gradients, batch: Batch) -> int:
    """Return the bytes that a forward pass saves for the backward pass, without parameters, each block once."""
    own = {parameter.untyped_storage().data_ptr() for parameter in gradients.plain.parameters()}
    kept: dict[int, int] = {}
    alive: list[Tensor] = []  # so that no block is freed and given out again

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        gradients.alone(batch.to(gradients.device))
    return sum(kept.values())
