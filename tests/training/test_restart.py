"""Killed at any instant and started again, a training ends with the bits of one that was never killed."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from seqloom.models.model_factory import WEIGHTS_FILE
from seqloom.training.training_history import read_history
from seqloom.training.training_state import newest_checkpoint, read_training_state
from tests.training.small import kill_after, kill_in_training, run_stage, same_bits, write_home

EARLY_AND_LATE = [
    ("row", 1),  # before there is any checkpoint
    ("before rename", 1),  # the first checkpoint half-way
    ("row", 4),  # after it
    ("after rename", 1),  # two checkpoints there
    ("row", 2),
]
TINY = {"encoder_width": 8, "decoder_width": 8, "heads": 2, "feedforward_width": 8}
TWICE = [("row", 3), ("after rename", 1)]
OPTIMIZERS = itertools.cycle(("adamw", "adagrad", "adam", "sgd"))
TRAININGS = [
    pytest.param(
        {"encoder": kind, "decoder": kind, "attention": attention},
        {"optimizer": optimizer},
        TWICE,
        id=f"{kind}-{attention}-{optimizer}",
    )
    for (kind, attention), optimizer in zip(
        itertools.product(("rnn", "lstm", "gru"), ("none", "additive", "multiplicative")), OPTIMIZERS, strict=False
    )
] + [
    pytest.param(
        {"encoder_layers": 2, "decoder_layers": 2}, {"schedule": "cosine", "warmup_steps": 5}, EARLY_AND_LATE, id="deep"
    ),
    pytest.param({"tie_embeddings": False}, {"precision": "bf16", "schedule": "inverse-sqrt"}, TWICE, id="bf16"),
    pytest.param({**TINY, "encoder": "transformer", "decoder": "transformer"}, {}, TWICE, id="transformer"),
    pytest.param({**TINY, "encoder": "cnn", "decoder": "cnn"}, {}, TWICE, id="cnn"),
    pytest.param({**TINY, "encoder": "none", "decoder": "transformer"}, {}, TWICE, id="language model"),
    pytest.param(
        {"encoder": "none", "decoder": "gru", "variational_dropout": True},
        {"block_size": 6},
        TWICE,
        id="running text",
    ),
    pytest.param({"decoder": "classifier"}, {}, TWICE, id="classifier"),
    pytest.param({"decoder": "classifier", "ngram_order": 2}, {}, TWICE, id="wide classifier"),
    pytest.param(
        {"copy_attention": True, "coverage": 1.0, "variational_dropout": True}, {}, TWICE, id="copy_attention"
    ),
    pytest.param({"attention": "multiplicative", "input_feeding": True}, {}, TWICE, id="input feeding"),
    pytest.param({}, {"objective": "masked"}, TWICE, id="masked"),
]


def without_speed(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if "second" not in name} for row in history]


@pytest.mark.parametrize(("model", "training", "kills"), TRAININGS)
def test_restart_to_the_bit(
    model: dict[str, Any], training: dict[str, Any], kills: list[tuple[str, int]], tmp_path: Path
) -> None:
    labels = model.get("decoder") == "classifier"
    whole, killed = write_home(tmp_path / "whole", labels), write_home(tmp_path / "killed", labels)
    facts = run_stage(whole, model, training)
    reached = []
    for moment, times in kills:
        kill_in_training(killed, model, training, moment, times)
        place = newest_checkpoint(killed / "workspace")
        reached.append(place.name if place else "")
    assert reached == sorted(reached)
    assert len(set(reached)) >= 2, "the kills fell between different checkpoints"
    rows: list[dict[str, Any]] = []
    assert run_stage(killed, model, training, rows.append) | {"cost": facts["cost"]} == facts
    assert 0 < len(rows) < len(read_history(whole / "made")), "went on, and did not begin again"
    assert same_bits(*(load_file(home / "made" / WEIGHTS_FILE) for home in (whole, killed)))
    histories = [without_speed(read_history(home / "made")) for home in (whole, killed)]
    assert histories[0] == histories[1]


ARCHITECTURES = [
    {"encoder": "rnn", "decoder": "rnn", "attention": "none"},
    {"encoder": "lstm", "decoder": "lstm", "attention": "additive"},
    {"encoder": "gru", "decoder": "gru", "attention": "multiplicative"},
]
KILLS = 20
LOOPS = [
    {"optimizer": "adamw", "ema_decay": 0.9, "average_checkpoints": 3},
    {"optimizer": "sgd", "gradient_accumulation": 2, "schedule": "plateau", "learning_rate": 0.5},
    {"optimizer": "adagrad", "precision": "bf16", "schedule": "cosine"},
]


@pytest.mark.parametrize(
    ("model", "training"),
    list(zip(ARCHITECTURES, itertools.cycle(LOOPS), strict=False)),
    ids=[f"{model['encoder']}-{model['decoder']}-{model['attention']}" for model in ARCHITECTURES],
)
def test_twenty_kills_at_random_instants(model: dict[str, Any], training: dict[str, Any], tmp_path: Path) -> None:
    """One training, with a checkpoint after every update, so that many kills fall into the writing of one."""
    whole, killed = write_home(tmp_path / "whole"), write_home(tmp_path / "killed")
    training = {"epochs": 30, "patience": 30, "batch_tokens": 24, **training}
    facts = run_stage(whole, model, training)
    chance = random.Random(7)
    reached = []
    for _ in range(KILLS):
        often = {**training, "checkpoint_minutes": 1e-9}
        kill_after(chance.randrange(4), chance.uniform(0.0, 0.02), killed, model, often)
        reached.append(read_training_state(killed / "workspace").step if newest_checkpoint(killed / "workspace") else 0)
    assert reached == sorted(reached)
    assert len(set(reached)) > KILLS / 4, "the kills fell between different checkpoints"
    assert run_stage(killed, model, training) | {"cost": facts["cost"]} == facts
    assert same_bits(*(load_file(home / "made" / WEIGHTS_FILE) for home in (whole, killed)))
    histories = [without_speed(read_history(home / "made")) for home in (whole, killed)]
    assert histories[0] == histories[1]
