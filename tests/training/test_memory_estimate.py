"""The estimate of memory, against what a whole batch really keeps, and the sentence it leads to."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from seqloom.training import memory_estimate
from seqloom.training.data_parallel import SingleProcess
from seqloom.training.gradient_accumulation import Gradients
from seqloom.training.memory_estimate import bytes_of_batch, bytes_of_states, free_bytes, longest_batch, warn_if_short
from seqloom.training.optimizer import flatten_state
from seqloom.training.trainer import Trainer
from tests.training.small import model_section, same_bits, trainer_of, weights, write_home

CPU = torch.device("cpu")
RECURRENT = [("rnn", "none"), ("lstm", "additive"), ("gru", "multiplicative")]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home")


def gradients_of(trainer: Trainer) -> Gradients:
    return Gradients(trainer.model, trainer.section, CPU, SingleProcess())


@pytest.mark.parametrize(("kind", "attention"), RECURRENT)
def test_a_whole_batch_keeps_what_a_few_rows_of_it_say(kind: str, attention: str, home: Path) -> None:
    section = model_section(encoder=kind, decoder=kind, attention=attention, encoder_width=32, decoder_width=48)
    trainer = trainer_of(home, section, batch_tokens=200)
    gradients = gradients_of(trainer)
    rows = longest_batch(trainer.train, 1)
    assert len(rows) > 10
    whole = memory_estimate._bytes_kept(gradients, trainer.train.batch(rows[:1].repeat(len(rows))))
    assert bytes_of_batch(gradients, trainer.train) == pytest.approx(memory_estimate.TRANSIENT * whole, rel=0.05)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam", "adamw"])
def test_states_by_what_the_optimizer_makes(optimizer: str, home: Path) -> None:
    trainer = trainer_of(home, epochs=1, optimizer=optimizer)
    gradients = gradients_of(trainer)
    learning = 4 * sum(parameter.numel() for parameter in trainer.model.parameters())
    made = 0 if optimizer == "adagrad" else None  # Adagrad makes its states at once
    before = bytes_of_states(gradients, trainer.optimizer)
    trainer.run()
    states = sum(value.numel() * 4 for name, value in flatten_state(trainer.optimizer).items() if "step" not in name)
    assert before == pytest.approx(learning + (states if made is None else made), rel=0.01)
    assert bytes_of_states(gradients, trainer.optimizer) == pytest.approx(learning, rel=0.01)


@pytest.mark.parametrize(
    ("of_states", "of_batch", "parts"),
    [
        (1.1, 1.1, []),
        (
            1.0,
            0.6,
            [
                "set training.batch_tokens to 100 and training.gradient_accumulation to 4",
                "which makes the same updates",
            ],
        ),
        (0.9, 0.0, ["narrow the model or its vocabulary"]),
    ],
)
def test_it_warns_of_what_is_short(
    of_states: float,
    of_batch: float,
    parts: list[str],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    trainer = trainer_of(home, batch_tokens=200, gradient_accumulation=2, optimizer="sgd")
    gradients = gradients_of(trainer)
    states, batch = bytes_of_states(gradients, trainer.optimizer), bytes_of_batch(gradients, trainer.train)
    monkeypatch.setattr(memory_estimate, "free_bytes", lambda _: int(of_states * states + of_batch * batch))
    warn_if_short(gradients, trainer.optimizer, trainer.train)
    sentences = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(sentences) == bool(parts)
    assert all(part in sentences[0] for part in parts)


def test_what_is_free_here() -> None:
    free = free_bytes(CPU)
    assert free is None or 2**20 < free < 2**50


def test_a_container_limits_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_estimate, "CGROUP", tmp_path)
    whole = free_bytes(CPU)
    if whole is None:
        pytest.skip("this system does not tell how much memory is free")
    (tmp_path / "memory.current").write_text("1000\n")
    for limit, expected in (("5000\n", 4000), ("max\n", whole)):
        (tmp_path / "memory.max").write_text(limit)
        assert free_bytes(CPU) == pytest.approx(expected, rel=0.1)


def test_estimating_changes_no_bit_of_the_training(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = trainer_of(home, epochs=2)
    told.run()
    monkeypatch.setattr("seqloom.training.trainer.warn_if_short", lambda *_: None)
    untold: Any = trainer_of(write_home(tmp_path / "untold"), epochs=2)
    untold.run()
    assert same_bits(weights(told.model), weights(untold.model))
