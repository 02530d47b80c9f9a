"""A disk that is full: what was saved stays, and the sentence says what to do."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from seqloom.models.model_factory import build_model
from seqloom.training import checkpoint
from seqloom.training.checkpoint import Learner
from seqloom.training.optimizer import build_optimizer
from seqloom.training.training_state import TrainingState
from tests.training.small import SIZES, mistake_of, model_section, same_bits, training_section, weights

PARTS = [
    "the disk is full: a checkpoint of step 14 needs ",
    " MB are free there; remove stages you no longer need from ",
    "or set SEQLOOM_HOME to a larger disk",
    "the checkpoint of step-000000007-epoch-00000 is kept",
]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with room for one checkpoint and a half."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system needs root: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def learner() -> Learner:
    torch.manual_seed(0)
    model = build_model(model_section(encoder_width=32, decoder_width=32), SIZES)
    optimizer = build_optimizer(training_section(optimizer="sgd"), model.parameters())
    return Learner(model, optimizer, None)


def assert_the_last_is_kept(workspace: Path, one: Learner) -> None:
    saved = weights(one.model)
    checkpoint.save(workspace, one, TrainingState(step=7))
    with torch.no_grad():
        for parameter in one.model.parameters():
            parameter += 1
    sentence = mistake_of(lambda: checkpoint.save(workspace, one, TrainingState(step=14)))
    assert all(part in sentence for part in PARTS), sentence
    assert str(workspace) in sentence
    assert [path.name for path in workspace.iterdir()] == ["step-000000007-epoch-00000"]
    assert checkpoint.resume(workspace, one) == TrainingState(step=7)
    assert same_bits(weights(one.model), saved)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    workspace = small_disk / "training" / "key.work"
    workspace.mkdir(parents=True)
    assert_the_last_is_kept(workspace, learner())


@pytest.mark.parametrize("place", ["save_model", "save_file", "make_durable"])
def test_wherever_it_happens(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = tmp_path / "training" / "key.work"
    workspace.mkdir(parents=True)
    whole = getattr(checkpoint, place)
    calls = 0

    def full(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(28, "No space left on device")
        whole(*arguments)

    monkeypatch.setattr(checkpoint, place, full)
    assert_the_last_is_kept(workspace, learner())


def test_another_error_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(checkpoint, "make_durable", broken)
    with pytest.raises(OSError, match="Input/output"):
        checkpoint.save(tmp_path, learner(), TrainingState(step=7))
