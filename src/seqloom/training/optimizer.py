"""Optimizers and learning rate schedules."""

import inspect
import math
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer
from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection


def build_optimizer(section: "TrainingSection", parameters: Iterable[nn.Parameter]) -> Optimizer:
    """Return the optimizer of the recipe, over the trainable parameters."""
    leave_out_compiler()
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    rate, decay = section.learning_rate, section.weight_decay
    match section.optimizer:  # fused: one pass over memory in place of one for each operation
        case "sgd":
            return SGD(learning, lr=rate, weight_decay=decay, fused=True)
        case "adagrad":
            on_cpu = all(parameter.device.type == "cpu" for parameter in learning)
            return Adagrad(learning, lr=rate, weight_decay=decay, fused=on_cpu or None)
        case "adam":
            return Adam(learning, lr=rate, weight_decay=decay, betas=(0.9, 0.98), eps=1e-9, fused=True)
        case "adamw":
            return AdamW(learning, lr=rate, weight_decay=decay, betas=(0.9, 0.98), eps=1e-9, fused=True)


def take_step(optimizer: Optimizer) -> None:
    """Update the parameters, without the wrappers around `Optimizer.step`, which import torch's compiler."""
    step: Callable[[Optimizer], object] = inspect.unwrap(type(optimizer).step)
    with torch.no_grad():
        step(optimizer)


def leave_out_compiler() -> None:
    """Keep torch's optimizers from importing its compiler: seconds of a training's start, and nothing is compiled here.

    They import it to mark these functions as not to be compiled; one that is marked already is called as it is.
    """
    if sys.modules.get("torch._dynamo") is not None:  # the program around us may compile
        return
    for function in (
        Optimizer.add_param_group,
        Optimizer.zero_grad,
        Optimizer.state_dict,
        Optimizer.load_state_dict,
        checkpoint,
    ):
        plain = inspect.unwrap(function)
        setattr(plain, "__dynamo_disable", plain)


def learning_rate_at(section: "TrainingSection", step: int, steps: int, factor: float = 1.0) -> float:
    """Return the learning rate of update `step` (from 1) of about `steps`: warm-up, then the schedule.

    `factor` is the product of the plateau schedule's halvings.
    """
    warmup = section.warmup_steps
    if step < warmup:
        return section.learning_rate * step / warmup
    match section.schedule:
        case "constant":
            return section.learning_rate
        case "plateau":
            return section.learning_rate * factor
        case "cosine":  # Loshchilov and Hutter 2017, one cycle
            done = min(1.0, (step - warmup) / max(1, steps - warmup))
            return section.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))
        case "inverse-sqrt":  # Vaswani et al. 2017
            return section.learning_rate * math.sqrt(max(1, warmup) / max(1, step))
        case "auto":
            raise AssertionError("adapt chooses a schedule before anything is trained")


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate of all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def clip_and_step(optimizer: Optimizer, parameters: Iterable[nn.Parameter], max_grad_norm: float) -> None:
    """Clip gradients to a norm of at most `max_grad_norm` (Pascanu et al. 2013), update the weights, drop gradients."""
    nn.utils.clip_grad_norm_(parameters, max_grad_norm)
    take_step(optimizer)
    optimizer.zero_grad(set_to_none=True)


def flatten_state(optimizer: Optimizer) -> dict[str, torch.Tensor]:
    """Return the optimizer's tensors by name (`parameter.field`), for safetensors."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{field}": value.contiguous()
        for index, fields in state.items()
        for field, value in fields.items()
        if isinstance(value, torch.Tensor)
    }


def restore_state(optimizer: Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Restore what `flatten_state` returned."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        index, field = name.split(".", 1)
        state.setdefault(int(index), {})[field] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
