"""Training checkpoints: a resumed training has the same result as one that never stopped.

A checkpoint is a folder named after its step and epoch. It is written under another name, flushed and renamed, and only
then are earlier ones removed: at any time the newest folder is complete. It holds no random state: the random numbers
of an update follow from seed and step.
"""

import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import nn
from torch.optim import Optimizer

from seqloom.artifact.digest import digest_of_value
from seqloom.artifact.fsync import make_durable, sync
from seqloom.artifact.full_disk import says_full
from seqloom.errors import UserError
from seqloom.training.optimizer import flatten_state, restore_state
from seqloom.training.training_state import POSITION, TrainingState, newest_checkpoint, read_fields, read_training_state
from seqloom.training.weight_average import MovingAverage, load_mean

FORMAT = 2  # of what is written here; another one is not read
CURRENT, AVERAGE, OPTIMIZER = "weights.safetensors", "average.safetensors", "optimizer.safetensors"

PARTS = "parts"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Learner:
    """Model, optimizer and moving average: the part of the training state that is tensors."""

    model: nn.Module
    optimizer: Optimizer
    average: MovingAverage | None

    @property
    def layout(self) -> str:
        """Return the digest of names and shapes in a checkpoint; one of another layout cannot be loaded."""
        shapes = {name: list(value.shape) for name, value in self.model.state_dict().items()}
        kind = [type(self.optimizer).__name__, self.average is not None]
        return digest_of_value([FORMAT, shapes, kind])


def save(workspace: Path, learner: Learner, position: TrainingState) -> None:
    """Write a checkpoint and remove earlier ones.

    Raises:
        UserError: the disk is full; the checkpoint before is still there.
    """
    folder = workspace / f"step-{position.step:09d}-epoch-{position.epoch:05d}"
    if folder.exists():  # nothing has changed since
        return
    unfinished = workspace / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _write(unfinished, newest_checkpoint(workspace), learner, position)
    except Exception as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not says_full(error):
            raise
        raise UserError(_full(workspace, learner, position)) from error
    unfinished.rename(folder)
    sync(workspace)
    for older in workspace.glob("step-*"):  # one before the last too, where a kill came between rename and removal
        if older != folder:
            shutil.rmtree(older)


def resume(workspace: Path, learner: Learner) -> TrainingState | None:
    """Restore the newest checkpoint into `learner`; None where there is none.

    One that another version of the code wrote, or that belongs to another model, is set aside.
    """
    folder = newest_checkpoint(workspace)
    if folder is None:
        return None
    if read_fields(folder).get("layout") != learner.layout:
        aside = folder.rename(workspace / f"aside-{folder.name}-{os.getpid()}")
        logger.warning(
            "the checkpoint in %s was made by another version of Seqloom or of this model: it is set aside as %s, and "
            "the training begins anew",
            workspace,
            aside.name,
        )
        return None
    if _torch_of(folder) not in ("", torch.__version__):
        logger.warning(
            "the checkpoint in %s was made with torch %s, and this is torch %s: the training goes on, but its weights "
            "will not be bit for bit those of one that was never stopped",
            workspace,
            _torch_of(folder),
            torch.__version__,
        )
    if learner.average:
        load_model(learner.model, str(folder / AVERAGE))
        learner.average.take()
    load_model(learner.model, str(folder / CURRENT))
    restore_state(learner.optimizer, load_file(folder / OPTIMIZER))
    return read_training_state(workspace)


def ask_for_parts(workspace: Path, parts: int) -> None:
    """Write the number of parts that batches must be cut into, after one of several processes ran out of memory."""
    (workspace / PARTS).write_text(str(parts), encoding="utf-8")


def parts_asked_for(workspace: Path) -> int:
    """Return the number of parts that `ask_for_parts` wrote, else 1."""
    file = workspace / PARTS
    return int(file.read_text(encoding="utf-8")) if file.exists() else 1


def load_best(workspace: Path, model: nn.Module, position: TrainingState, epochs: int = 1) -> None:
    """Load the weights of the best epoch into `model`, or the mean of those of the best `epochs`."""
    folder = newest_checkpoint(workspace)
    assert folder is not None, "training ended without a checkpoint"
    files = [_of_epoch(folder, epoch) for _, epoch in position.kept[:epochs]]
    if len(files) > 1:
        load_mean(model, files)
    else:
        load_model(model, str(files[0]))


def _torch_of(folder: Path) -> str:
    """Return the version of torch that wrote a checkpoint; empty for old ones, which lack it."""
    return str(read_fields(folder).get("torch", ""))


def _write(folder: Path, previous: Path | None, learner: Learner, position: TrainingState) -> None:
    folder.mkdir()
    save_model(learner.model, str(folder / CURRENT))
    if learner.average:
        with learner.average.in_place():
            save_model(learner.model, str(folder / AVERAGE))
    save_file(flatten_state(learner.optimizer), folder / OPTIMIZER)
    for _, epoch in position.kept:
        kept = _of_epoch(previous, epoch) if previous else None
        now = folder / (AVERAGE if learner.average else CURRENT)
        _link(kept if kept and kept.exists() else now, _of_epoch(folder, epoch))
    fields = {"layout": learner.layout, "torch": str(torch.__version__), **asdict(position)}
    (folder / POSITION).write_text(json.dumps(fields), encoding="utf-8")
    make_durable(folder)


def _of_epoch(folder: Path, epoch: int) -> Path:
    """Return the file of the weights at the end of an epoch."""
    return folder / f"epoch-{epoch:05d}.safetensors"


def _link(file: Path, target: Path) -> None:
    """Link `file` to `target`, or copy it where the file system has no hard links."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _full(workspace: Path, learner: Learner, position: TrainingState) -> str:
    states = flatten_state(learner.optimizer).values()
    copies = 2 if learner.average else 1
    tensors = [*states, *(parameter for parameter in learner.model.parameters() for _ in range(copies))]
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    free = shutil.disk_usage(workspace).free
    last = newest_checkpoint(workspace)
    kept = f"the checkpoint of {last.name} is kept" if last else "no checkpoint was written yet"
    return (
        f"the disk is full: a checkpoint of step {position.step} needs {needed / 1e6:,.1f} MB in {workspace} and "
        f"{free / 1e6:,.1f} MB are free there; remove stages you no longer need from {workspace.parents[1]}, or set "
        f"SEQLOOM_HOME to a larger disk, and run the same command again ({kept})"
    )
