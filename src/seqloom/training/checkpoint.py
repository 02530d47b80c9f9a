"""Everything a training needs to go on as if it had never stopped.

A checkpoint is a folder named after its step. It is written beside its place, flushed and renamed, and only then are
those before it removed: at any instant the newest folder is whole.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch.optim import Optimizer

from seqloom.artifact.durable import make_durable, sync
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.training.optimiser import flatten_state, restore_state

CURRENT, BEST, OPTIMISER, RANDOM, POSITION = (
    "weights.safetensors",
    "best.safetensors",
    "optimiser.safetensors",
    "random.safetensors",
    "position.json",
)

HistoryRow = dict[str, float]


@dataclass
class Position:
    """Where a training stands: all of its state that is not a tensor."""

    epoch: int = 0  # the epoch under way, from 0
    batch: int = 0  # batches of it that are done
    step: int = 0  # updates made
    best: float | None = None  # the best validation figure so far; higher is better
    best_epoch: int = 0
    stale_epochs: int = 0  # since the best
    history: list[HistoryRow] = field(default_factory=list)


def save(workspace: Path, model: EncoderDecoder, optimiser: Optimizer, position: Position, is_best: bool) -> None:
    """Write a checkpoint and remove those before it; `is_best` makes these weights the best ones too."""
    previous = newest(workspace)
    place = workspace / f"step-{position.step:09d}"
    unfinished = workspace / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    save_model(model, str(unfinished / CURRENT))
    save_file(flatten_state(optimiser), unfinished / OPTIMISER)
    save_file(_random_state(), unfinished / RANDOM)
    if is_best:
        os.link(unfinished / CURRENT, unfinished / BEST)
    elif previous and (previous / BEST).exists():
        os.link(previous / BEST, unfinished / BEST)
    (unfinished / POSITION).write_text(json.dumps(asdict(position)), encoding="utf-8")
    make_durable(unfinished)
    shutil.rmtree(place, ignore_errors=True)
    unfinished.rename(place)
    sync(workspace)
    for older in workspace.glob("step-*"):  # one before the last too, where a kill came between rename and removal
        if older != place:
            shutil.rmtree(older)


def load(workspace: Path, model: EncoderDecoder, optimiser: Optimizer) -> Position | None:
    """Restore the newest checkpoint into `model`, `optimiser` and torch's random state; None where there is none."""
    folder = newest(workspace)
    if folder is None:
        return None
    load_model(model, str(folder / CURRENT))
    restore_state(optimiser, load_file(folder / OPTIMISER))
    _restore_random_state(load_file(folder / RANDOM))
    fields: dict[str, Any] = json.loads((folder / POSITION).read_text(encoding="utf-8"))
    return Position(**fields)


def load_best(workspace: Path, model: EncoderDecoder) -> None:
    """Put the best weights into `model`."""
    folder = newest(workspace)
    assert folder is not None, "training ended without a checkpoint"
    load_model(model, str(folder / BEST))


def saved_history(workspace: Path) -> list[HistoryRow]:
    """The history up to the newest checkpoint; empty where there is none."""
    folder = newest(workspace)
    if folder is None:
        return []
    history: list[HistoryRow] = json.loads((folder / POSITION).read_text(encoding="utf-8"))["history"]
    return history


def newest(workspace: Path) -> Path | None:
    """The folder of the newest checkpoint."""
    return max(workspace.glob("step-*"), default=None)


def _random_state() -> dict[str, torch.Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _restore_random_state(state: dict[str, torch.Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
