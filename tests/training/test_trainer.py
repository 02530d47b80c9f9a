"""The loop: when it stops, what it keeps, what it tells and what it refuses."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.training import checkpoint
from seqloom.training import optimizer as optimizers
from seqloom.training.optimizer import take_step
from seqloom.training.trainer import Trainer
from seqloom.training.training_state import newest_checkpoint
from seqloom.training.validation import validation_loss
from tests.training.small import mistake_of, model_section, same_bits, trainer_of, weights, write_home

Row = dict[str, float]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home")


class Scripted:
    """Scores as they are told, and the weights that were there at each."""

    def __init__(self, *scores: float) -> None:
        self.scores = scores
        self.seen: list[dict[str, Tensor]] = []

    def __call__(self, model: EncoderDecoder) -> dict[str, float]:
        assert not model.training
        self.seen.append(weights(model))
        return {"chrf": self.scores[len(self.seen) - 1], "bleu": float(len(self.seen))}


@pytest.mark.parametrize(
    ("scores", "patience", "epochs", "best"),
    [
        ((1, 3, 2, 2, 9), 2, 4, 2),
        ((1, 3, 2, 4, 4, 4, 9), 2, 6, 4),  # an equal score is no better one
        ((5, 4, 9), 1, 2, 1),
        ((1, 2, 3), 1, 3, 3),
        ((0, 0, 0), 5, 3, 1),  # nothing is ever right, and one epoch is kept all the same
    ],
)
def test_stops_when_patience_ends_and_keeps_the_best(
    scores: tuple[int, ...], patience: int, epochs: int, best: int, home: Path
) -> None:
    validate = Scripted(*scores)
    limit = len(scores)
    trainer = trainer_of(home, select_by="chrf", patience=patience, epochs=limit, validate=validate)
    position = trainer.run()
    assert (position.epoch, position.best_epoch, position.best) == (epochs, best, scores[best - 1])
    assert same_bits(weights(trainer.model), validate.seen[best - 1])
    rows = [row for row in position.history if "validation/chrf" in row]
    assert [row["validation/chrf"] for row in rows] == list(scores[:epochs])
    assert all("validation/loss" in row for row in rows)


def test_bleu_chooses_where_it_is_asked_to(home: Path) -> None:
    validate = Scripted(3, 2, 1)
    assert trainer_of(home, select_by="bleu", epochs=3, validate=validate).run().best_epoch == 3


def test_the_loss_chooses_without_a_decoding(home: Path) -> None:
    trainer = trainer_of(home, epochs=12, learning_rate=0.3, patience=3, validate=pytest.fail)
    position = trainer.run()
    losses = {row["epoch"]: row["validation/loss"] for row in position.history if "validation/loss" in row}
    assert losses[position.best_epoch] == min(losses.values()) == -(position.best or 0.0)
    assert position.epoch == position.best_epoch + 3 < 12
    assert validation_loss(trainer.model, trainer.validation.split.in_order(), trainer.device) == min(losses.values())


def test_a_training_that_has_ended_is_not_begun_again(home: Path) -> None:
    first = trainer_of(home, epochs=2)
    ended = first.run()
    again = trainer_of(home, epochs=2, observe=pytest.fail)
    assert again.run() == ended
    assert same_bits(weights(again.model), weights(first.model))


def test_the_same_seed_gives_the_same_bits_and_another_gives_others(tmp_path: Path) -> None:
    made = []
    for place, seed in enumerate((1, 1, 2)):
        trainer = trainer_of(write_home(tmp_path / str(place)), epochs=1, seed=seed)
        trainer.run()
        made.append(weights(trainer.model))
    assert same_bits(made[0], made[1])
    assert not same_bits(made[0], made[2])


def test_what_chooses_the_epoch_changes_no_weight_of_it(tmp_path: Path) -> None:
    trainers = []
    for name, select_by in (("loss", "loss"), ("chrf", "chrf")):
        home = write_home(tmp_path / name)
        trainer = trainer_of(home, epochs=3, select_by=select_by, validate=Scripted(1, 2, 3))
        trainer.run()
        checkpoint.resume(home / "workspace", trainer.learner)
        trainers.append(trainer)
    assert same_bits(*(weights(trainer.model) for trainer in trainers))


def test_the_history_tells_every_tenth_step_and_every_epoch(home: Path) -> None:
    rows: list[Row] = []
    trainer = trainer_of(home, epochs=3, batch_tokens=20, observe=lambda row: rows.append(dict(row)))
    position = trainer.run()
    assert rows == position.history
    train = [row for row in rows if "train/loss" in row]
    ends = [row["step"] for row in rows if "validation/loss" in row]
    assert len(ends) == 3
    assert ends[-1] == position.step
    assert {row["step"] for row in train} == set(ends) | set(range(10, position.step + 1, 10))
    assert [row["epoch"] for row in rows if "validation/loss" in row] == [1, 2, 3]
    for row in train:
        assert 0 < row["train/loss"] < 10
        assert row["train/learning_rate"] == 0.01
        assert row["train/tokens_per_second"] > 0
        assert row["train/seconds"] > 0
    for row in rows:
        if "validation/loss" in row:
            assert row["validation/perplexity"] == pytest.approx(math.exp(row["validation/loss"]))


def test_the_training_loss_weighs_batches_by_their_tokens(home: Path) -> None:
    """Where nothing moves, that of an epoch is the loss over the training split."""
    section = model_section(dropout=0.0)
    still = {"optimizer": "sgd", "learning_rate": 1e-12, "label_smoothing": 0.0}
    trainer = trainer_of(home, section, epochs=1, **still)
    assert 1 < trainer.steps < 10, "one row for the whole epoch"
    loss = trainer.run().history[0]["train/loss"]
    assert loss == pytest.approx(validation_loss(trainer.model, trainer.train.in_order(), trainer.device), rel=1e-5)


def test_every_epoch_reads_every_row_in_an_order_of_its_own(home: Path) -> None:
    trainer = trainer_of(home, epochs=3)
    read: list[int] = []
    batch = trainer.train.batch
    trainer.train.batch = lambda rows: (read.extend(rows.tolist()), batch(rows))[1]  # type: ignore[method-assign]
    trainer.run()
    size = len(trainer.train.source)
    read = read[6:]  # two and four rows were read to estimate the memory
    epochs = [tuple(read[start : start + size]) for start in range(0, len(read), size)]
    assert [sorted(rows) for rows in epochs] == [list(range(size))] * 3
    assert len(set(epochs)) == 3


def test_it_learns(home: Path) -> None:
    section = model_section(dropout=0.0)
    position = trainer_of(home, section, epochs=25, learning_rate=0.03, label_smoothing=0.0, patience=25).run()
    losses = [row["train/loss"] for row in position.history if "train/loss" in row]
    assert losses[-1] < losses[0] / 2


def test_progress_rises_to_its_total(home: Path) -> None:
    told: list[tuple[Any, ...]] = []
    position = trainer_of(home, epochs=3, progress=lambda *now: told.append(now)).run()
    done = [now[0] for now in told]
    assert done == sorted(done)
    assert {now[1:3] for now in told} == {(position.step, "updates")}
    assert done[-1] == position.step
    assert all("loss " in now[3] and "tokens/s" in now[3] for now in told)
    assert told[-1][3].startswith("epoch 3 of 3")
    assert "best loss" in told[-1][3]


def test_the_rate_follows_the_schedule_through_the_epochs(home: Path) -> None:
    trainer = trainer_of(home, epochs=3, schedule="cosine", batch_tokens=20)
    rates = [row["train/learning_rate"] for row in trainer.run().history if "train/learning_rate" in row]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.001


def test_a_plateau_halves_the_rate_after_each_stale_epoch(home: Path) -> None:
    validate = Scripted(1, 3, 2, 3, 4, 1)
    plateau = {"schedule": "plateau", "select_by": "chrf", "learning_rate": 0.02}
    position = trainer_of(home, epochs=6, validate=validate, **plateau).run()
    rates = [row["train/learning_rate"] for row in position.history if "train/learning_rate" in row]
    by_epoch = {row["epoch"]: row["train/learning_rate"] for row in position.history if "train/learning_rate" in row}
    assert by_epoch == {0: 0.02, 1: 0.02, 2: 0.02, 3: 0.01, 4: 0.005, 5: 0.005}
    assert rates == sorted(rates, reverse=True)


def test_bfloat16_computes_and_float32_keeps(home: Path) -> None:
    trainer = trainer_of(home, epochs=2, precision="bf16")
    position = trainer.run()
    assert all(math.isfinite(row["train/loss"]) for row in position.history if "train/loss" in row)
    assert {value.dtype for value in trainer.model.state_dict().values()} == {torch.float32}
    exact = trainer_of(write_home(home / "exact"), epochs=2)
    assert exact.run().history[0]["train/loss"] == pytest.approx(position.history[0]["train/loss"], rel=0.02)
    assert not same_bits(weights(exact.model), weights(trainer.model))


def test_gradients_are_clipped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With plain SGD no step moves the weights further than rate × norm."""
    moved = []
    trainer = trainer_of(home, epochs=1, optimizer="sgd", learning_rate=0.5, max_grad_norm=0.01)
    before = weights(trainer.model)

    def watched_step(optimizer: torch.optim.Optimizer) -> None:
        nonlocal before
        take_step(optimizer)
        after = weights(trainer.model)
        own = {name for name, _ in trainer.model.named_parameters()}
        moved.append(math.sqrt(sum(float((after[name] - before[name]).square().sum()) for name in own)))
        before = after

    monkeypatch.setattr(optimizers, "take_step", watched_step)
    trainer.run()
    assert max(moved) <= 0.5 * 0.01 * 1.001
    assert max(moved) > 0


def poison_at(step: int, spoilt: list[Trainer]) -> Callable[[Row], None]:
    def observe(row: Row) -> None:
        if row["step"] == step and "train/loss" in row:
            with torch.no_grad():
                spoilt[0].model.output.bias[5] = math.nan

    return observe


def test_a_loss_that_is_no_number_stops_and_the_last_good_checkpoint_is_kept(home: Path) -> None:
    spoilt: list[Trainer] = []
    trainer = trainer_of(home, epochs=9, batch_tokens=20, observe=poison_at(20, spoilt))
    spoilt.append(trainer)
    batches = trainer.steps // 9
    assert 10 <= batches < 20, "so that step 20 is in the second epoch"
    sentence = mistake_of(trainer.run)
    assert "the training loss became no number at step 21 with learning rate 0.01" in sentence
    assert "lower training.learning_rate or training.max_grad_norm, or add training.warmup_steps" in sentence
    good = newest_checkpoint(home / "workspace")
    assert good is not None
    assert f"the last good checkpoint is kept in {good}" in sentence
    other = trainer_of(home)
    position = checkpoint.resume(home / "workspace", other.learner)
    assert position is not None
    assert position.epoch == 1
    assert all(value.isfinite().all() for value in weights(other.model).values())


def test_weights_that_break_at_the_end_of_an_epoch_are_not_saved(home: Path) -> None:
    spoilt: list[Trainer] = []
    trainer = trainer_of(home, epochs=3)
    last = trainer.train.count(1)
    trainer.observe = poison_at(last, spoilt)
    spoilt.append(trainer)
    sentence = mistake_of(trainer.run)
    assert f"the validation loss became no number at step {last}" in sentence
    assert "no checkpoint was written, so none is kept" in sentence
    assert newest_checkpoint(home / "workspace") is None


def test_a_rate_that_explodes_is_told(home: Path) -> None:
    """A decay of 1 at a rate of 10 makes every weight -9 times itself at each step."""
    trainer = trainer_of(home, epochs=200, optimizer="sgd", learning_rate=10.0, weight_decay=1.0, patience=200)
    sentence = mistake_of(trainer.run)
    assert "with learning rate 10: lower training.learning_rate" in sentence
    other = trainer_of(home, optimizer="sgd")
    assert checkpoint.resume(home / "workspace", other.learner) is not None
    assert math.isfinite(validation_loss(other.model, other.validation.split.in_order(), other.device))
