"""Updates: however the rows are cut and dealt, the gradients are those of one big batch."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from seqloom.dataset.padded_batch import Batch
from seqloom.training.data_parallel import SingleProcess
from seqloom.training.gradient_accumulation import Gradients, SummedLoss
from seqloom.training.update_batches import Updates, share
from tests.training.small import mistake_of, model_section, same_bits, trainer_of, training_section, weights, write_home

CPU = torch.device("cpu")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home")


def gradients_of(home: Path, size: int = 1, **change: Any) -> tuple[dict[str, Tensor], float]:
    """Gradients and mean loss of the first update, summed by hand over `size` processes."""
    trainer = trainer_of(home, model_section(dropout=0.0), **change)
    sums: dict[str, Tensor] = {}
    total = tokens = 0.0
    one = Updates(trainer.train, trainer.section, CPU, 0, 1, 1)
    [whole, *_] = one.of_epoch(0, (0, 0))

    class Whole(SingleProcess):
        def totals(self, *_: float) -> list[float]:
            return [float(sum(whole.tokens))]

    for rank in range(size):
        updates = Updates(trainer.train, trainer.section, CPU, rank, size, change.get("parts", 1))
        update = updates.make(whole.rows, whole.position)
        trainer.model.zero_grad()
        losses = Gradients(trainer.model, trainer.section, CPU, Whole()).add_up(update, 1)
        total += sum(loss.item() * count for loss, count in zip(losses, update.tokens, strict=True))
        tokens += sum(update.tokens)
        for name, parameter in trainer.model.named_parameters():
            assert parameter.grad is not None
            sums[name] = sums.get(name, torch.zeros_like(parameter)) + parameter.grad
    assert tokens == sum(whole.tokens)
    return sums, total / tokens


ONE_BATCH = {"batch_tokens": 1000}
CUT = [
    pytest.param({"batch_tokens": 24, "gradient_accumulation": 100}, 1, id="accumulated"),
    pytest.param({"batch_tokens": 60, "gradient_accumulation": 100}, 3, id="dealt to three processes"),
    pytest.param({"batch_tokens": 1000}, 64, id="more processes than rows"),
]


@pytest.mark.parametrize(("change", "size"), CUT)
def test_gradients_are_those_of_one_big_batch(change: dict[str, Any], size: int, home: Path) -> None:
    whole, loss = gradients_of(home, **ONE_BATCH)
    parts, same_loss = gradients_of(home, size, **change)
    assert same_loss == pytest.approx(loss, rel=1e-5)
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [1, 7, 64])
def test_every_row_goes_to_one_process(count: int, size: int) -> None:
    rows = np.arange(count) + 100
    shares = [share(rows, rank, size) for rank in range(size)]
    assert sorted(np.concatenate(shares).tolist()) == rows.tolist()
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_every_other_lap_is_dealt_backwards() -> None:
    """Boustrophedon: of rows sorted by length nobody has the longer one of every lap."""
    shares = [share(np.arange(8), rank, 2).tolist() for rank in range(2)]
    assert shares == [[0, 3, 4, 7], [1, 2, 5, 6]]


def test_processes_get_about_as_many_tokens() -> None:
    lengths = np.sort(np.random.default_rng(0).lognormal(3.0, 0.6, 400))[::-1]
    tokens = [lengths[share(np.arange(400), rank, 4)].sum() for rank in range(4)]
    assert max(tokens) / min(tokens) < 1.02


def test_an_epoch_has_the_updates_that_were_counted(home: Path) -> None:
    trainer = trainer_of(home, batch_tokens=24, gradient_accumulation=4, epochs=1)
    batches = trainer.train.count(1)
    assert batches % 4, "the last update is a smaller one"
    assert trainer.run().step == trainer.steps == math.ceil(batches / 4)


class Short:
    """Memory for so many rows at once."""

    def __init__(self, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = rows
        self.refused = 0
        self.loss = SummedLoss.forward
        monkeypatch.setattr(SummedLoss, "forward", lambda *arguments: self(*arguments))

    def __call__(self, module: SummedLoss, batch: Batch) -> Tensor:
        if len(batch.source) > self.rows:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.loss(module, batch)


def test_where_memory_runs_out_batches_are_halved_and_the_loss_is_the_same(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    still = model_section(dropout=0.0)
    whole = trainer_of(write_home(tmp_path / "whole"), still, batch_tokens=80, epochs=3)
    history = whole.run().history
    short = Short(4, monkeypatch)
    cut = trainer_of(home, still, batch_tokens=80, epochs=3)
    position = cut.run()
    assert position.parts in (4, 8)
    assert short.refused <= 3 + 6, "what was read ahead is not halved twice"
    assert len(caplog.records) == math.log2(position.parts)
    assert all(record.getMessage().startswith("memory ran out at step ") for record in caplog.records)
    for one, two in zip(history, position.history, strict=True):
        for name in one.keys() & {"train/loss", "validation/loss"}:
            assert one[name] == pytest.approx(two[name], rel=1e-5)
    for name, value in weights(whole.model).items():
        torch.testing.assert_close(weights(cut.model)[name], value, rtol=1e-3, atol=1e-4)


def test_the_parts_are_remembered(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Short(4, monkeypatch)
    trainer_of(home, batch_tokens=80, epochs=1).run()
    short.refused = 0
    trainer_of(home, batch_tokens=80, epochs=2).run()
    assert short.refused == 0


def test_a_pair_that_does_not_fit_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Short(0, monkeypatch)
    sentence = mistake_of(trainer_of(home).run)
    assert "memory ran out at step 1 with a single pair of sentences" in sentence
    assert "corpus.max_characters" in sentence


def test_what_is_read_ahead_changes_nothing(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = trainer_of(home, epochs=2)
    ahead.run()

    class Now:
        """The same items, each made when it is asked for."""

        def __init__(self, items: Any) -> None:
            self.items = items

        def __enter__(self) -> Any:
            return self.items

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("seqloom.training.trainer.Prefetch", Now)
    now = trainer_of(write_home(tmp_path / "now"), epochs=2)
    now.run()
    assert same_bits(weights(ahead.model), weights(now.model))


def test_dropout_differs_between_processes_batches_and_steps() -> None:
    section = training_section()
    seeds = set()
    for rank in range(3):
        group = SingleProcess()
        group.rank = rank
        gradients_ = Gradients.__new__(Gradients)
        gradients_.section, gradients_.group = section, group
        seeds |= {gradients_._seed(step, number) for step in range(5) for number in range(4)}
    assert len(seeds) == 60
