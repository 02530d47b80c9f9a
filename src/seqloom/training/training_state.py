"""Training state without its tensors, read from a checkpoint without torch."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

POSITION = "position.json"

HistoryRow = dict[str, float]


@dataclass
class TrainingState:
    """Training state: all that is not a tensor."""

    epoch: int = 0  # the epoch under way, from 0
    window: int = 0  # of it, and
    batch: int = 0  # the batch of that window that comes next
    step: int = 0  # updates made
    best: float | None = None  # the best validation score so far; higher is better
    best_epoch: int = 0
    stale_epochs: int = 0  # since the best
    rate_factor: float = 1.0  # of the learning rate; the plateau schedule halves it
    parts: int = 1  # that a batch is cut into since memory ran out
    loss: float = 0.0  # summed over the tokens since the last row of the history
    tokens: int = 0
    seconds: float = 0.0
    steps: int = 0  # updates that all epochs have together; 0 in a checkpoint from before it was kept
    kept: list[tuple[float, int]] = field(default_factory=list)  # validation score and epoch, the best first
    history: list[HistoryRow] = field(default_factory=list)

    @property
    def description(self) -> str:
        """Return a description of the last update."""
        return f"update {self.step:,}" + (f" of {self.steps:,}" if self.steps else "")


def read_training_state(workspace: Path) -> TrainingState:
    """Read the training state of the newest checkpoint."""
    folder = newest_checkpoint(workspace)
    assert folder is not None
    fields = read_fields(folder)
    for name in ("layout", "torch"):
        fields.pop(name, None)
    fields["kept"] = [tuple(pair) for pair in fields["kept"]]
    return TrainingState(**fields)


def find_training_state(workspace: Path) -> TrainingState | None:
    """Read the training state of the newest checkpoint; None if there is none."""
    try:
        return read_training_state(workspace) if newest_checkpoint(workspace) else None
    except FileNotFoundError:  # whoever trains there has just written the next one
        return find_training_state(workspace)


def newest_checkpoint(workspace: Path) -> Path | None:
    """Return the folder of the newest checkpoint, or None."""
    return max(workspace.glob("step-*"), default=None)


def read_fields(folder: Path) -> dict[str, Any]:
    """Read the fields of a checkpoint's state file."""
    fields: dict[str, Any] = json.loads((folder / POSITION).read_text(encoding="utf-8"))
    return fields
