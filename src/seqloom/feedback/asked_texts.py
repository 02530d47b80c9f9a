"""The texts of a request log, each once, with the last answer to it."""

import json
from datetime import datetime
from pathlib import Path

from seqloom.errors import UserError


def read_asked(log: Path, since: datetime | None = None) -> dict[str, str]:
    """Return the last answer by text, of a log's folder or of one of its files, in the order of their first request.

    With `since` only what was asked then or later.

    Raises:
        UserError: there is no log, it is empty, or a line of it is none of a request log.
    """
    files = sorted(log.glob("*.jsonl")) if log.is_dir() else [log]
    if not files or not all(file.is_file() for file in files):
        raise UserError(f"{log}: has no request log; write one with seqloom serve --log {log}")
    asked: dict[str, str] = {}
    for file in files:
        for number, line in enumerate(_lines(file), start=1):
            try:
                row = json.loads(line)
                source, prediction = row["source"], row["prediction"]
                if not (isinstance(source, str) and isinstance(prediction, str)):
                    raise TypeError
                if since is None or datetime.fromisoformat(row["time"]) >= since:
                    asked[source] = prediction
            except (ValueError, KeyError, TypeError):
                raise UserError(
                    f"{file} line {number}: is no line of a request log; it has time, source and prediction, as "
                    "seqloom serve --log writes them"
                ) from None
    if not asked and since is None:
        raise UserError(f"{log}: the request log is empty; nothing was asked yet")
    return asked


def _lines(file: Path) -> list[str]:
    r"""Return the lines of a log; only \n ends one, for JSON leaves U+2028 and the like in a text as they are."""
    *lines, last = file.read_text(encoding="utf-8", errors="replace").split("\n")
    return [*lines, last] if last else lines
