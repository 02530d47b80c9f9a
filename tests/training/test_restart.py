"""Killed at any instant and started again, a training ends with the bits of one that was never killed."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from seqloom.models.building import WEIGHTS_FILE
from seqloom.training.building import read_history
from seqloom.training.checkpoint import newest
from tests.training.small import kill_in_training, run_stage, same_bits, write_home

EARLY_AND_LATE = [
    ("row", 1),  # before there is any checkpoint
    ("before rename", 1),  # the first checkpoint half-way
    ("row", 4),  # after it
    ("after rename", 1),  # two checkpoints there
    ("row", 2),
]
TWICE = [("row", 3), ("after rename", 1)]
OPTIMISERS = itertools.cycle(("adamw", "adagrad", "adam", "sgd"))
TRAININGS = [
    pytest.param(
        {"encoder": kind, "decoder": kind, "attention": attention},
        {"optimiser": optimiser},
        TWICE,
        id=f"{kind}-{attention}-{optimiser}",
    )
    for (kind, attention), optimiser in zip(
        itertools.product(("rnn", "lstm", "gru"), ("none", "additive", "multiplicative")), OPTIMISERS, strict=False
    )
] + [
    pytest.param(
        {"encoder_layers": 2, "decoder_layers": 2}, {"schedule": "cosine", "warmup_steps": 5}, EARLY_AND_LATE, id="deep"
    ),
    pytest.param({"tied": False}, {"precision": "bf16", "schedule": "inverse-sqrt"}, TWICE, id="bf16"),
]


def without_speed(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if "per_second" not in name} for row in history]


@pytest.mark.parametrize(("model", "training", "kills"), TRAININGS)
def test_restart_to_the_bit(
    model: dict[str, Any], training: dict[str, Any], kills: list[tuple[str, int]], tmp_path: Path
) -> None:
    whole, killed = write_home(tmp_path / "whole"), write_home(tmp_path / "killed")
    facts = run_stage(whole, model, training)
    reached = []
    for moment, times in kills:
        kill_in_training(killed, model, training, moment, times)
        place = newest(killed / "workspace")
        reached.append(place.name if place else "")
    assert reached == sorted(reached)
    assert len(set(reached)) >= 2, "the kills fell between different checkpoints"
    rows: list[dict[str, Any]] = []
    assert run_stage(killed, model, training, rows.append) == facts
    assert 0 < len(rows) < len(read_history(whole / "made")), "went on, and did not begin again"
    assert same_bits(*(load_file(home / "made" / WEIGHTS_FILE) for home in (whole, killed)))
    histories = [without_speed(read_history(home / "made")) for home in (whole, killed)]
    assert histories[0] == histories[1]
