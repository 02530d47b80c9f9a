"""Training history: the log rows of a training, in its checkpoint folder; read without torch."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

HISTORY_FILE = "history.json"


def write_history(history: Sequence[dict[str, float]], folder: Path) -> None:
    """Write the rows to `folder`; a value that is not finite becomes null, as JSON has no NaN."""
    rows = [{name: value if math.isfinite(value) else None for name, value in row.items()} for row in history]
    (folder / HISTORY_FILE).write_text(json.dumps(rows, allow_nan=False), encoding="utf-8")


def read_history(folder: Path) -> list[dict[str, float]]:
    """Read all rows: losses by step, validation scores by epoch."""
    rows = json.loads((folder / HISTORY_FILE).read_text(encoding="utf-8"))
    return [{name: math.nan if value is None else value for name, value in row.items()} for row in rows]
