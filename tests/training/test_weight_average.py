"""Averages of weights against numbers worked out by hand, and as the trainer uses them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_model
from torch import nn

from seqloom.training.validation import validation_loss
from seqloom.training.weight_average import MovingAverage, load_mean
from tests.training.small import same_bits, trainer_of, weights, write_home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home")


def test_an_average_by_its_definition() -> None:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(layer.weight)
    average = MovingAverage(layer, 0.5)
    expected = 0.0
    for step, value in enumerate((4.0, -2.0, 8.0), start=1):
        nn.init.constant_(layer.weight, value)
        average.update(step)
        keep = min(0.5, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * value
        assert average.averages[0].item() == pytest.approx(expected)
    with average.in_place():
        assert layer.weight.item() == pytest.approx(expected)
    assert layer.weight.item() == 8.0


def test_what_is_frozen_is_not_averaged() -> None:
    pair = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1).requires_grad_(False)])
    assert len(MovingAverage(pair, 0.9).averages) == 2


def test_the_average_is_validated_and_kept_and_the_steps_are_not_touched(home: Path, tmp_path: Path) -> None:
    plain = trainer_of(write_home(tmp_path / "plain"), epochs=3)
    plain.run()
    averaged = trainer_of(home, epochs=3, ema_decay=0.8)
    seen: list[dict[str, torch.Tensor]] = []
    judge = averaged.validation.__call__

    def watched() -> Any:
        seen.append(weights(averaged.model))
        return judge()

    averaged.validation = watched  # type: ignore[assignment]
    position = averaged.run()
    assert same_bits(weights(averaged.model), seen[position.best_epoch - 1])
    of_training = [[row["train/loss"] for row in one.state.history if "train/loss" in row] for one in (plain, averaged)]
    assert of_training[0] == of_training[1]
    assert not same_bits(weights(plain.model), weights(averaged.model))


def test_the_best_epochs_are_averaged_where_that_is_no_worse(home: Path) -> None:
    trainer = trainer_of(home, epochs=6, learning_rate=0.05, average_checkpoints=3, patience=6)
    position = trainer.run()
    assert len(position.kept) == 3
    figures = {row["epoch"]: row["validation/loss"] for row in position.history if "validation/loss" in row}
    assert [epoch for _, epoch in position.kept] == sorted(figures, key=lambda epoch: figures[epoch])[:3]
    assert position.kept[0][1] == position.best_epoch
    [row] = [row for row in position.history if "averaged/loss" in row]
    loss = validation_loss(trainer.model, trainer.validation.split.in_order(), trainer.device)
    assert loss == min(row["averaged/loss"], figures[position.best_epoch])
    assert trainer.scores["validation/loss"] == loss


def test_the_mean_of_files_is_rounded_once(tmp_path: Path) -> None:
    """A sum of floats of 32 bits would lose what a large weight hides."""
    layer = nn.Linear(2, 1, bias=False)
    files = []
    for number, values in enumerate(([1e8, 3.0], [1.0, 4.0], [-1e8, 8.0])):
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([values]))
        files.append(tmp_path / f"{number}.safetensors")
        save_model(layer, str(files[-1]))
    load_mean(layer, files)
    assert layer.weight.tolist() == [pytest.approx([1 / 3, 5.0])]
