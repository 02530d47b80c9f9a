"""Learning rates against numbers worked out by hand; update rules that forget nothing when they are put away."""

import inspect
import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer

from seqloom.recipe.schema import TrainingSection
from seqloom.training.optimizer import (
    build_optimizer,
    flatten_state,
    learning_rate_at,
    restore_state,
    set_learning_rate,
    take_step,
)

STEPS = 110


@pytest.mark.parametrize(
    ("schedule", "warmup", "rates"),
    [
        ("constant", 0, {1: 0.8, 50: 0.8, 110: 0.8}),
        ("constant", 10, {1: 0.08, 5: 0.4, 9: 0.72, 10: 0.8, 110: 0.8}),
        ("cosine", 10, {1: 0.08, 10: 0.8, 35: 0.4 * (1 + math.sqrt(0.5)), 60: 0.4, 110: 0.0, 120: 0.0}),
        ("cosine", 0, {55: 0.4, 110: 0.0}),
        ("inverse-sqrt", 10, {5: 0.4, 10: 0.8, 40: 0.4, 90: 0.8 / 3}),
        ("inverse-sqrt", 0, {1: 0.8, 4: 0.4, 100: 0.08}),
        ("cosine", 200, {110: 0.44, 200: 0.8}),  # a warm-up longer than the training
    ],
)
def test_the_rate_of_a_step(schedule: str, warmup: int, rates: dict[int, float]) -> None:
    section = TrainingSection(learning_rate=0.8, schedule=schedule, warmup_steps=warmup)
    for step, rate in rates.items():
        assert learning_rate_at(section, step, STEPS) == pytest.approx(rate, abs=1e-12), step


@pytest.mark.parametrize("schedule", ["constant", "cosine", "inverse-sqrt"])
def test_a_rate_rises_to_its_peak_and_never_again(schedule: str) -> None:
    section = TrainingSection(learning_rate=0.8, schedule=schedule, warmup_steps=7)
    rates = [learning_rate_at(section, step, STEPS) for step in range(1, STEPS + 1)]
    assert max(rates) == rates[6] == 0.8
    assert rates[:7] == sorted(rates[:7])
    assert rates[6:] == sorted(rates[6:], reverse=True)


class _Three(nn.Module):
    """A parameter that learns, one that never meets a gradient, and one that is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.learns = nn.Parameter(torch.randn(4, 3))
        self.idle = nn.Parameter(torch.randn(2))
        self.frozen = nn.Parameter(torch.randn(2), requires_grad=False)


def take_steps(module: _Three, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        set_learning_rate(optimizer, 0.1 / step)
        module.learns.grad = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
        optimizer.step()


@pytest.mark.parametrize(("name", "rule"), [("sgd", SGD), ("adagrad", Adagrad), ("adam", Adam), ("adamw", AdamW)])
def test_a_restored_optimizer_steps_like_one_that_was_never_put_away(
    name: str, rule: type[torch.optim.Optimizer], tmp_path: Path
) -> None:
    section = TrainingSection(optimizer=name, learning_rate=0.001, weight_decay=0.1)
    torch.manual_seed(0)
    straight, restored = _Three(), _Three()
    optimizer = build_optimizer(section, straight.parameters())
    assert type(optimizer) is rule
    take_steps(straight, optimizer, range(1, 4))
    save_file(flatten_state(optimizer), tmp_path / "state")
    restored.load_state_dict(straight.state_dict())
    again = build_optimizer(section, restored.parameters())
    restore_state(again, load_file(tmp_path / "state"))
    take_steps(straight, optimizer, range(4, 8))
    take_steps(restored, again, range(4, 8))
    assert restored.learns.equal(straight.learns)
    one, two = flatten_state(optimizer), flatten_state(again)
    assert one.keys() == two.keys()
    assert all(one[field].equal(two[field]) for field in one)


def test_only_what_learns_is_given_to_the_rule() -> None:
    optimizer = build_optimizer(TrainingSection(learning_rate=0.001), _Three().parameters())
    assert [tuple(parameter.shape) for parameter in optimizer.param_groups[0]["params"]] == [(4, 3), (2,)]


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_decay_shrinks_weights_by_the_rate(name: str) -> None:
    """A zero gradient leaves the decay alone: w (1 - rate decay)."""
    weight = nn.Parameter(torch.full((3,), 2.0))
    optimizer = build_optimizer(TrainingSection(optimizer=name, learning_rate=0.5, weight_decay=0.1), [weight])
    weight.grad = torch.zeros(3)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.full((3,), 1.9))


@pytest.mark.parametrize("name", ["sgd", "adagrad", "adam", "adamw"])
def test_every_rule_decays_and_passes_over_memory_once(name: str) -> None:
    """Where the gradient is zero, decay alone moves a weight, towards zero."""
    weight = nn.Parameter(torch.full((3,), 2.0))
    optimizer = build_optimizer(TrainingSection(optimizer=name, learning_rate=0.1, weight_decay=0.1), [weight])
    assert optimizer.defaults["fused"]
    weight.grad = torch.zeros(3)
    optimizer.step()
    assert (weight < 2.0).all()


def test_a_plateau_halves_what_is_left() -> None:
    section = TrainingSection(learning_rate=0.8, schedule="plateau", warmup_steps=10)
    assert learning_rate_at(section, 5, STEPS, 0.5) == pytest.approx(0.4), "the warm-up knows no plateau"
    assert [learning_rate_at(section, 50, STEPS, factor) for factor in (1.0, 0.5, 0.25)] == [0.8, 0.4, 0.2]


@pytest.mark.parametrize("name", ["sgd", "adagrad", "adam", "adamw"])
def test_torch_does_not_import_its_compiler(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # whoever imports it now gets an error
    for function in (Optimizer.add_param_group, Optimizer.zero_grad, Optimizer.state_dict, Optimizer.load_state_dict):
        monkeypatch.delattr(inspect.unwrap(function), "__dynamo_disable", raising=False)
    weights, plain = (nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    optimizer = build_optimizer(TrainingSection(optimizer=name, learning_rate=0.1), [weights])
    restore_state(optimizer, flatten_state(optimizer))
    (weights**2).sum().backward()
    take_step(optimizer)
    optimizer.zero_grad(set_to_none=True)
    monkeypatch.undo()
    (plain**2).sum().backward()
    build_optimizer(TrainingSection(optimizer=name, learning_rate=0.1), [plain]).step()
    assert torch.equal(weights, plain)
