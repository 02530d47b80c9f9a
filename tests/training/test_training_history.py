"""A training's history is JSON, also of one whose losses left the numbers, and comes back as it was."""

import json
import math
from pathlib import Path

from seqloom.training.training_history import HISTORY_FILE, read_history, write_history


def test_a_loss_that_is_no_figure(tmp_path: Path) -> None:
    write_history([{"step": 1, "train/loss": math.nan}, {"step": 2, "train/loss": 0.5}], tmp_path)
    assert "NaN" not in (tmp_path / HISTORY_FILE).read_text()
    json.loads((tmp_path / HISTORY_FILE).read_text())
    first, second = read_history(tmp_path)
    assert math.isnan(first["train/loss"])
    assert second == {"step": 2, "train/loss": 0.5}
