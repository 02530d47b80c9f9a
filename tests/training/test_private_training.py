"""Differentially private training: gradients of rows, their bound, the noise, the sample, and what a restart spends."""

import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from seqloom.dataset.padded_batch import Batch
from seqloom.models.model_factory import build_model
from seqloom.preemption import Preempted
from seqloom.recipe.schema import CorpusSection, ModelSection, Recipe, VectorsSection
from seqloom.training.memory_estimate import bytes_of_batch, bytes_of_states, warn_if_short
from seqloom.training.privacy_accountant import PrivacyLoss
from seqloom.training.private_gradients import PrivateGradients
from seqloom.training.private_updates import KEY_FILE, NoiseKey, PrivateUpdates, updates_of_epoch
from seqloom.training.time_estimate import seconds_of_update
from seqloom.training.trainer import Trainer
from seqloom.training.update_batches import Update
from tests.models.test_base_classes import ARCHITECTURES, batch_of, pairs, sizes_of
from tests.training.small import (
    SIZES,
    model_section,
    run_stage,
    same_bits,
    trainer_of,
    training_section,
    weights,
    write_home,
)

LENGTHS = [(5, 3), (2, 7), (9, 1), (4, 4)]
PRIVATE = [
    each
    for each in ARCHITECTURES
    if not each.values[0].ngram_order and not (each.values[0].attention == "none" and each.values[0].encoder != "none")
]
"""Architectures that may be trained privately; recipe/privacy_rules.py says why the others may not."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home")


def gradients_of(section: ModelSection, folder: Path, bound: float, noise: float = 0.0) -> PrivateGradients:
    torch.manual_seed(3)
    model = build_model(section, sizes_of(section)).eval()
    planned = PrivacyLoss(1.0, 1e-5, noise, bound, 0.5, rows=8, updates=10)
    training = training_section(max_grad_norm=bound)
    return PrivateGradients(model, training, torch.device("cpu"), planned, NoiseKey(folder, resumed=False))


def update_of(section: ModelSection, numbers: list[int]) -> Update:
    sources, targets = pairs(section, *LENGTHS)
    rows = [batch_of(section, [sources[number]], [targets[number]]) for number in numbers]
    return Update([np.array([number]) for number in numbers], rows, [], 1, (0, 1))


def norm_of(tensors: list[Tensor]) -> float:
    return math.sqrt(sum(float(each.double().square().sum()) for each in tensors))


@pytest.mark.parametrize("section", PRIVATE)
def test_the_gradients_of_rows_are_those_of_a_batch_and_each_is_clipped(section: ModelSection, tmp_path: Path) -> None:
    """Two ways: the mean of the rows' losses in one padded batch, and each row alone."""
    gradients = gradients_of(section, tmp_path, bound=1e9)
    everything = list(range(len(LENGTHS)))
    total = gradients.clipped_sum(update_of(section, everything), step=1)
    sources, targets = pairs(section, *LENGTHS)
    model = gradients.plain.model
    for embedding in (model.source_embedding, model.target_embedding):
        embedding.sparse = False
    for number in everything:  # padded beside the longest, which is not counted
        rows = [number, 1, 2]
        whole, others = (
            gradients.plain(batch_of(section, [sources[row] for row in some], [targets[row] for row in some]))
            * batch_of(section, [sources[row] for row in some], [targets[row] for row in some]).tokens
            for some in (rows, rows[1:])
        )
        tokens = batch_of(section, [sources[number]], [targets[number]]).tokens
        ((whole - others) / tokens).backward()
    for name, parameter, ours in zip(dict(model.named_parameters()), gradients.parameters, total, strict=True):
        theirs = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=2e-4, msg=lambda text, name=name: f"{name}: {text}")
    small = gradients_of(section, tmp_path, bound=1e-2)
    for number in everything:
        norm = norm_of(small.clipped_sum(update_of(section, [number]), step=1))
        assert norm == pytest.approx(1e-2, rel=1e-3), "every row of a new model has more than that"
        assert norm <= 1e-2 * (1 + 1e-6)
    twice = small.clipped_sum(update_of(section, [0, 1, 0]), step=1)
    assert norm_of(twice) <= 3e-2 * (1 + 1e-6)


def test_the_noise_has_the_planned_deviation_and_an_update_without_rows_is_noise_alone(tmp_path: Path) -> None:
    section = model_section()
    gradients = gradients_of(section, tmp_path, bound=0.5, noise=2.0)
    assert gradients.add_up(Update([], [], [], 1, (0, 1)), step=7) == []
    drawn = [parameter.grad.clone() for parameter in gradients.parameters if parameter.grad is not None]
    assert len(drawn) == len(gradients.parameters), "parameters that no row needs are noised as well"
    values = torch.cat([each.flatten() for each in drawn])
    deviation = 2.0 * 0.5 / (8 * 0.5)  # by the expected rows
    assert values.std().item() == pytest.approx(deviation, rel=4 / math.sqrt(len(values)))
    assert abs(values.mean().item()) < 4 * deviation / math.sqrt(len(values))
    gradients.add_up(Update([], [], [], 1, (0, 1)), step=7)
    again = [parameter.grad for parameter in gradients.parameters]
    assert all(one.equal(two) for one, two in zip(drawn, again, strict=True)), (
        "an update that is made again is the same"
    )
    gradients.add_up(Update([], [], [], 1, (0, 1)), step=8)
    assert not any(one.equal(parameter.grad) for one, parameter in zip(drawn, gradients.parameters, strict=True))
    other = gradients_of(section, tmp_path, bound=0.5, noise=2.0)
    other.add_up(Update([], [], [], 1, (0, 1)), step=7)
    assert not any(one.equal(two.grad) for one, two in zip(drawn, other.parameters, strict=True)), "another key"


def test_dropout_follows_from_the_key_and_not_from_the_seed(tmp_path: Path) -> None:
    """Who knows it could tell a row by what it moves in the others."""
    sums = []
    for _ in range(2):
        gradients = gradients_of(model_section(dropout=0.5), tmp_path, bound=1.0)
        gradients.plain.model.train()
        sums += [gradients.clipped_sum(update_of(model_section(), [0, 1]), step=1) for _ in range(2)]
    assert all(one.equal(two) for one, two in zip(sums[0], sums[1], strict=True))
    assert not all(one.equal(two) for one, two in zip(sums[0], sums[2], strict=True))


def test_a_gradient_that_is_no_number_counts_as_none(tmp_path: Path) -> None:
    gradients = gradients_of(model_section(), tmp_path, bound=1.0)
    good, rows = update_of(model_section(), [0]), update_of(model_section(), [0, 1])
    expected = gradients.clipped_sum(good, step=1)
    with torch.no_grad():  # a token that only the second row has
        token = next(
            iter(set(rows.batches[1].source.flatten().tolist()) - set(good.batches[0].source.flatten().tolist()))
        )
        gradients.plain.model.source_embedding.weight[token] = math.nan
    assert all(one.equal(two) for one, two in zip(expected, gradients.clipped_sum(rows, step=1), strict=True))


def test_every_row_is_drawn_alike_and_by_itself(home: Path) -> None:
    """Poisson samples: binomial counts, of rows and of updates."""
    train = trainer_of(home).train
    updates = PrivateUpdates(train, training_section(), torch.device("cpu"), NoiseKey(home, resumed=False))
    rows, rate, steps = len(train.source), 1 / updates.count, 12_000  # of fewer, one in 70 runs has none without a row
    drawn = np.zeros((steps, rows))
    for step in range(steps):
        drawn[step, updates.sample(step + 1)] = 1
    assert updates.count > 1
    assert np.abs(drawn.mean(axis=0) - rate).max() < 5 * math.sqrt(rate * (1 - rate) / steps)
    assert drawn.sum(axis=1).var() == pytest.approx(rows * rate * (1 - rate), rel=0.2)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(rows)).max() < 6 / math.sqrt(steps)
    assert (drawn.sum(axis=1) == 0).any() or (1 - rate) ** rows < 1e-3


def private_trainer(home: Path, **arguments: Any) -> Trainer:
    return trainer_of(home, **{"epochs": 3, "privacy_epsilon": 4.0, "label_smoothing": 0.0, **arguments})


def test_a_private_training_tells_nothing_of_its_rows_but_weights_and_what_they_cost(home: Path) -> None:
    trainer = private_trainer(home)
    position = trainer.run()
    names = {name for row in position.history for name in row}
    told = {"step", "epoch", "train/learning_rate", "train/seconds", "validation/loss", "validation/perplexity"}
    assert names == told, "a loss of training rows would not be noised"
    loss = trainer.privacy_loss
    assert loss is not None
    assert loss.updates == position.step == trainer.steps
    assert 3.9 < loss.epsilon <= 4.0
    assert loss.delta == pytest.approx(36**-1.1)
    assert (loss.rows, loss.sample_rate, loss.gradient_norm) == (36, 3 / position.step, 1.0)
    assert not (home / "workspace" / KEY_FILE).exists(), "with it the noise could be taken away"


def test_one_that_stops_early_has_spent_less(home: Path) -> None:
    trainer = private_trainer(home, epochs=9, patience=1, learning_rate=0.9, optimizer="sgd")
    position = trainer.run()
    assert position.step < trainer.steps
    assert trainer.privacy_loss is not None
    assert trainer.privacy_loss.updates == position.step
    assert trainer.privacy_loss.epsilon < 4.0


class Killed(BaseException):
    """What ends a training at once."""


def test_a_resumed_training_makes_the_same_updates_with_the_same_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = iter(["a" * 32, "b" * 32, "a" * 32])
    monkeypatch.setattr("seqloom.training.private_updates.secrets.token_hex", lambda _: next(keys))
    homes = [write_home(tmp_path / name) for name in ("killed", "whole")]

    def die(row: Any) -> None:
        if row["epoch"] == 1 and "train/seconds" in row:
            raise Killed

    with pytest.raises(Killed):
        private_trainer(homes[0], observe=die, ema_decay=0.9).run()
    assert (homes[0] / "workspace" / KEY_FILE).stat().st_mode & 0o077 == 0
    resumed = private_trainer(homes[0], ema_decay=0.9)
    resumed.run()
    assert next(keys) == "b" * 32, "no other key was drawn"
    whole = private_trainer(homes[1], ema_decay=0.9)
    whole.run()
    assert same_bits(weights(resumed.model), weights(whole.model))
    assert resumed.privacy_loss == whole.privacy_loss


@pytest.mark.parametrize("moment", ["an update", "the last update of an epoch", "validation"])
def test_a_training_that_a_signal_stops_spends_nothing_twice(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqloom.training.private_updates.secrets.token_hex", lambda _: "a" * 32)
    whole = private_trainer(write_home(tmp_path / "whole"))
    whole.run()
    home = write_home(tmp_path / "stopped")
    stopped = private_trainer(home)
    of_epoch = stopped.steps // 3
    step = of_epoch - 1 if moment == "an update" else of_epoch
    plain, in_order = stopped._update, stopped.validation.split.in_order

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def update(each: Update) -> None:
        plain(each)
        if stopped.state.step == step and moment != "validation":
            stop()

    def batches() -> Iterator[Batch]:
        for batch in in_order():
            yield batch
            stop()

    stopped._update = update  # type: ignore[method-assign]
    if moment == "validation":
        stopped.validation.split.in_order = batches  # type: ignore[method-assign]
    with pytest.raises(Preempted):
        stopped.run()
    assert (stopped.state.step, stopped.state.epoch) == (step, 0)
    again = private_trainer(home)
    again.run()
    assert again.state.step == whole.state.step == whole.steps
    assert again.privacy_loss == whole.privacy_loss
    assert same_bits(weights(again.model), weights(whole.model))


def test_the_seed_of_a_recipe_does_not_tell_the_noise(tmp_path: Path) -> None:
    trainers = [private_trainer(write_home(tmp_path / name)) for name in ("one", "two")]
    for trainer in trainers:
        trainer.run()
    assert not same_bits(*(weights(trainer.model) for trainer in trainers))


def test_the_stage_tells_what_was_spent(home: Path) -> None:
    facts = run_stage(home, {}, {"epochs": 1, "privacy_epsilon": 3.0, "privacy_delta": 1e-3})
    loss = facts["differential_privacy"]
    assert 2.9 < loss["epsilon"] <= 3.0
    assert loss["delta"] == 1e-3
    assert loss["updates"] == facts["steps"] == round(1 / loss["sample_rate"])
    assert loss["parent"] == ""


@pytest.mark.parametrize("batch_tokens", [48, 10_000])
def test_its_time_is_that_of_rows_one_by_one(batch_tokens: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row takes one second and the noise of an update a half, by the test's clock."""
    now = 0.0
    once = PrivateGradients.add_up

    def add_up(self: PrivateGradients, update: Update, step: int) -> list[Tensor]:
        nonlocal now
        now += len(update.batches) + 0.5
        return once(self, update, step)

    monkeypatch.setattr(PrivateGradients, "add_up", add_up)
    monkeypatch.setattr("seqloom.training.time_estimate.time.perf_counter", lambda: now)
    training = training_section(batch_tokens=batch_tokens, privacy_epsilon=8.0, label_smoothing=0.0)
    recipe = Recipe(
        name="small",
        task="translation",
        corpus=CorpusSection(train=["x"]),
        vectors=VectorsSection(method="none", width=SIZES.width),
        model=model_section(),
        training=training,
    )
    train = trainer_of(home, batch_tokens=batch_tokens).train
    seconds = seconds_of_update(recipe, (SIZES.source, SIZES.target), home / "dataset")
    assert seconds == pytest.approx(0.5 + 36 / updates_of_epoch(train, training))


def test_its_memory_is_that_of_a_row_and_two_gradients(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (private_trainer(home, batch_tokens=tokens, optimizer="sgd") for tokens in (48, 10_000))
    needs = []
    for trainer in (few, many):
        gradients, _ = trainer._private()
        needs.append((bytes_of_states(gradients, trainer.optimizer), bytes_of_batch(gradients, trainer.train)))
    learning = 4 * sum(parameter.numel() for parameter in few.model.parameters())
    assert needs[0] == needs[1], "however many rows an update has"
    assert needs[0][0] == 2 * learning
    monkeypatch.setattr("seqloom.training.memory_estimate.free_bytes", lambda _: 2 * learning + 1)
    warn_if_short(gradients, many.optimizer, many.train)
    assert "narrow the model" in caplog.text
    assert "batch_tokens" not in caplog.text, "smaller batches would need more noise and no less memory"
