"""What is saved comes back to the bit, and the newest is always whole."""

import itertools
import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.models.dropout import NOISE
from seqloom.models.model_factory import build_model
from seqloom.training import checkpoint
from seqloom.training.checkpoint import Learner
from seqloom.training.optimizer import build_optimizer, flatten_state
from seqloom.training.training_state import TrainingState, newest_checkpoint, read_training_state
from seqloom.training.weight_average import MovingAverage
from tests.training.small import SIZES, model_section, same_bits, training_section, weights, write_home

ROW = {"step": 14, "epoch": 2, "validation/loss": 1 / 3}
POSITION = TrainingState(epoch=2, window=3, batch=1, step=14, best=-0.1 - 0.2, best_epoch=1, stale_epochs=1, loss=1 / 7)
POSITION.kept.append((-0.1 - 0.2, 1))
POSITION.history.append(ROW)


def learner(seed: int, decay: float = 0.9, **change: Any) -> Learner:
    torch.manual_seed(seed)
    model = build_model(model_section(**change), SIZES)
    optimizer = build_optimizer(training_section(), model.parameters())
    return Learner(model, optimizer, MovingAverage(model, decay) if decay else None)


def at(step: int, *kept: int) -> TrainingState:
    """The position after `step`, the weights of the epochs `kept` to be kept, the best first."""
    return TrainingState(step=step, kept=[(float(-epoch), epoch) for epoch in kept])


def name_of(step: int) -> str:
    return f"step-{step:09d}-epoch-00000"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home") / "workspace"


def take_steps(learner: Learner, workspace: Path, steps: int) -> None:
    """Updates as the trainer makes them."""
    model, optimizer, average = learner.model, learner.optimizer, learner.average
    batches = BucketedBatches.open(workspace.parent / "dataset", "train", 48)
    for step, batch in enumerate(itertools.islice(batches.in_order(), steps)):
        torch.manual_seed(step)
        NOISE.restart(step)
        model.loss(batch, 0.1).backward()
        optimizer.step()
        optimizer.zero_grad()
        if average:
            average.update(step)


def folders(workspace: Path) -> list[str]:
    return sorted(path.name for path in workspace.iterdir())


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_everything_comes_back_to_the_bit(decay: float, workspace: Path) -> None:
    one, two = learner(0, decay), learner(1, decay)
    take_steps(one, workspace, 3)
    checkpoint.save(workspace, one, POSITION)
    kept, state = weights(one.model), flatten_state(one.optimizer)
    kept_state = {name: value.clone() for name, value in state.items()}
    averages = [value.clone() for value in one.average.averages] if one.average else []
    take_steps(one, workspace, 2)
    assert checkpoint.resume(workspace, two) == POSITION
    assert same_bits(weights(two.model), kept)
    assert same_bits(flatten_state(two.optimizer), kept_state)
    assert all(map(torch.equal, averages, two.average.averages if two.average else []))
    take_steps(two, workspace, 2)
    assert same_bits(weights(two.model), weights(one.model)), "and goes on alike"
    if one.average and two.average:
        assert all(map(torch.equal, one.average.averages, two.average.averages))


def test_nothing_saved_nothing_loaded(workspace: Path) -> None:
    one = learner(0)
    before = weights(one.model)
    assert checkpoint.resume(workspace, one) is None
    assert same_bits(weights(one.model), before)


def test_only_the_newest_stays(workspace: Path) -> None:
    one = learner(0)
    for step in (7, 14, 1000):
        checkpoint.save(workspace, one, at(step))
        assert folders(workspace) == [name_of(step)]


def test_one_that_a_kill_left_beside_the_newest_goes_with_the_next(workspace: Path) -> None:
    one = learner(0)
    checkpoint.save(workspace, one, at(7))
    shutil.copytree(workspace / name_of(7), workspace / "kept")
    checkpoint.save(workspace, one, at(14))
    (workspace / "kept").rename(workspace / name_of(7))
    assert newest_checkpoint(workspace) == workspace / name_of(14)
    checkpoint.save(workspace, one, at(21))
    assert folders(workspace) == [name_of(21)]


def test_an_unfinished_one_is_ignored_and_swept_away(workspace: Path) -> None:
    one = learner(0)
    unfinished = workspace / ".unfinished"
    unfinished.mkdir()
    (unfinished / checkpoint.CURRENT).write_bytes(b"half")
    assert checkpoint.resume(workspace, one) is None
    checkpoint.save(workspace, one, at(7))
    assert folders(workspace) == [name_of(7)]
    unfinished.mkdir()
    (unfinished / checkpoint.CURRENT).write_bytes(b"half")
    assert checkpoint.resume(workspace, one) == at(7)


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_the_best_weights_outlive_worse_ones(
    decay: float, links: bool, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without hard links too; those of an average are its own."""
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    one = learner(0, decay)
    ends = {}
    for epoch, kept in ((1, (1,)), (2, (1, 2)), (3, (3, 1)), (4, (3, 1))):
        take_steps(one, workspace, 1)
        with one.average.in_place() if one.average else nullcontext():
            ends[epoch] = weights(one.model)
        checkpoint.save(workspace, one, at(7 * epoch, *kept))
    last = weights(one.model)
    position = read_training_state(workspace)
    checkpoint.load_best(workspace, one.model, position)
    assert same_bits(weights(one.model), ends[3])
    checkpoint.load_best(workspace, one.model, position, epochs=2)
    mean = {name: ((value.double() + ends[1][name].double()) / 2).float() for name, value in ends[3].items()}
    assert same_bits(weights(one.model), mean)
    checkpoint.resume(workspace, one)
    assert same_bits(weights(one.model), last)
    files = {path.name for path in (workspace / name_of(28)).glob("epoch-*")}
    assert files == {"epoch-00001.safetensors", "epoch-00003.safetensors"}


def no_links(*_: object) -> None:
    raise OSError(95, "Operation not supported")


@pytest.mark.parametrize("change", [{"encoder_width": 7}, {"encoder": "gru"}])
def test_one_of_another_model_is_set_aside(
    change: dict[str, Any], workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint.save(workspace, learner(0), at(7))
    other = learner(1, **change)
    before = weights(other.model)
    assert checkpoint.resume(workspace, other) is None
    assert same_bits(weights(other.model), before)
    [record] = caplog.records
    assert "it is set aside as aside-" in record.getMessage()
    assert newest_checkpoint(workspace) is None
    checkpoint.save(workspace, other, at(3))
    assert checkpoint.resume(workspace, other) == at(3)
    assert len(folders(workspace)) == 2


@pytest.mark.parametrize("forget", ["layout", "format", "average"])
def test_one_of_another_version_is_set_aside(
    forget: str, workspace: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint.save(workspace, learner(0), at(7))
    file = workspace / name_of(7) / checkpoint.POSITION
    if forget == "layout":  # as it was before there was any
        fields = json.loads(file.read_text())
        del fields["layout"]
        file.write_text(json.dumps(fields))
    elif forget == "format":
        monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    assert checkpoint.resume(workspace, learner(0, 0.0 if forget == "average" else 0.9)) is None
    assert len(caplog.records) == 1


def test_a_checkpoint_of_another_torch_goes_on_and_says_so(workspace: Path, caplog: pytest.LogCaptureFixture) -> None:
    checkpoint.save(workspace, learner(1), POSITION)
    assert checkpoint.resume(workspace, learner(2)) == POSITION
    assert not caplog.text
    place = next(workspace.glob("step-*")) / "position.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "torch": "1.13.1"}))
    other = learner(2)
    assert checkpoint.resume(workspace, other) == POSITION
    assert "made with torch 1.13.1" in caplog.text
    assert "the training goes on, but its weights will not be bit for bit" in caplog.text
    assert same_bits(weights(other.model), weights(learner(1).model))
