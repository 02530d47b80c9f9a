"""The rows a training recorded, as they lie in its checkpoint: to be read without torch."""

import json
from collections.abc import Sequence
from pathlib import Path

HISTORY_FILE = "history.json"


def write_history(history: Sequence[dict[str, float]], folder: Path) -> None:
    """Leave the rows in `folder`."""
    (folder / HISTORY_FILE).write_text(json.dumps(history), encoding="utf-8")


def read_history(folder: Path) -> list[dict[str, float]]:
    """Every row: losses by step, validation figures by epoch."""
    history: list[dict[str, float]] = json.loads((folder / HISTORY_FILE).read_text(encoding="utf-8"))
    return history
