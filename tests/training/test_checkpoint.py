"""What is saved comes back to the bit, and the newest is always whole."""

import itertools
import shutil
from pathlib import Path

import pytest
import torch
from torch.optim import Optimizer

from seqloom.batches.bucketing import BucketedBatches
from seqloom.models.building import build_model
from seqloom.models.dropout import NOISE
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.training import checkpoint
from seqloom.training.checkpoint import Position
from seqloom.training.loss import token_loss
from seqloom.training.optimiser import build_optimiser, flatten_state
from tests.training.small import SIZES, model_section, same_bits, training_section, weights, write_home

Learner = tuple[EncoderDecoder, Optimizer]
POSITION = Position(2, 0, 14, -0.1 - 0.2, 1, 1, [{"step": 14, "epoch": 2, "validation/loss": 1 / 3}])


def learner(seed: int) -> Learner:
    torch.manual_seed(seed)
    model = build_model(model_section(), SIZES)
    return model, build_optimiser(training_section(), model.parameters())


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home") / "workspace"


def take_steps(learner: Learner, workspace: Path, steps: int) -> None:
    """Updates with dropout."""
    NOISE.restart(0)
    model, optimiser = learner
    batches = BucketedBatches.open(workspace.parent / "batches", "train", 48)
    for batch in itertools.islice(batches.in_order(), steps):
        token_loss(model, batch, 0.1).backward()
        optimiser.step()
        optimiser.zero_grad()


def folders(workspace: Path) -> list[str]:
    return sorted(path.name for path in workspace.iterdir())


def test_everything_comes_back_to_the_bit(workspace: Path) -> None:
    one, two = learner(0), learner(1)
    take_steps(one, workspace, 3)
    checkpoint.save(workspace, *one, POSITION, is_best=True)
    kept, state = weights(one[0]), flatten_state(one[1])
    kept_state = {name: value.clone() for name, value in state.items()}
    take_steps(one, workspace, 2)
    assert checkpoint.load(workspace, *two) == POSITION
    assert same_bits(weights(two[0]), kept)
    assert same_bits(flatten_state(two[1]), kept_state)
    take_steps(two, workspace, 2)
    assert same_bits(weights(two[0]), weights(one[0])), "and goes on alike, dropout included"


def test_random_numbers_go_on_where_they_stood(workspace: Path) -> None:
    one = learner(0)
    checkpoint.save(workspace, *one, POSITION, is_best=True)
    expected = torch.rand(5)
    torch.manual_seed(99)
    checkpoint.load(workspace, *one)
    assert torch.rand(5).equal(expected)


def test_nothing_saved_nothing_loaded(workspace: Path) -> None:
    one = learner(0)
    before = weights(one[0])
    assert checkpoint.load(workspace, *one) is None
    assert same_bits(weights(one[0]), before)


def test_only_the_newest_stays(workspace: Path) -> None:
    one = learner(0)
    for step in (7, 14, 1000):
        checkpoint.save(workspace, *one, Position(step=step), is_best=step == 7)
        assert folders(workspace) == [f"step-{step:09d}"]


def test_one_that_a_kill_left_beside_the_newest_goes_with_the_next(workspace: Path) -> None:
    one = learner(0)
    checkpoint.save(workspace, *one, Position(step=7), is_best=True)
    shutil.copytree(workspace / "step-000000007", workspace / "kept")
    checkpoint.save(workspace, *one, Position(step=14), is_best=True)
    (workspace / "kept").rename(workspace / "step-000000007")
    assert checkpoint.newest(workspace) == workspace / "step-000000014"
    checkpoint.save(workspace, *one, Position(step=21), is_best=True)
    assert folders(workspace) == ["step-000000021"]


def test_an_unfinished_one_is_ignored_and_swept_away(workspace: Path) -> None:
    one = learner(0)
    unfinished = workspace / ".unfinished"
    unfinished.mkdir()
    (unfinished / checkpoint.CURRENT).write_bytes(b"half")
    assert checkpoint.load(workspace, *one) is None
    checkpoint.save(workspace, *one, Position(step=7), is_best=True)
    assert folders(workspace) == ["step-000000007"]
    unfinished.mkdir()
    (unfinished / checkpoint.BEST).write_bytes(b"half")
    assert checkpoint.load(workspace, *one) == Position(step=7)


def test_the_best_weights_outlive_worse_ones(workspace: Path) -> None:
    one = learner(0)
    best = weights(one[0])
    checkpoint.save(workspace, *one, Position(step=7), is_best=True)
    for step in (14, 21):
        take_steps(one, workspace, 1)
        checkpoint.save(workspace, *one, Position(step=step), is_best=False)
    last = weights(one[0])
    checkpoint.load_best(workspace, one[0])
    assert same_bits(weights(one[0]), best)
    checkpoint.load(workspace, *one)
    assert same_bits(weights(one[0]), last)


def test_a_failed_save_leaves_the_one_before(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = learner(0)
    checkpoint.save(workspace, *one, Position(step=7), is_best=True)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "make_durable", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(workspace, *one, Position(step=14), is_best=True)
    assert checkpoint.load(workspace, *one) == Position(step=7)
