"""An opt-in log of what a served model was asked and answered, a file of JSON lines a day, without personal data."""

import json
import logging
import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seqloom.artifact.permissions import output_folder
from seqloom.corpus.person_names import NameList
from seqloom.corpus.personal_data import PersonalData
from seqloom.decoding.answers import Columns
from seqloom.decoding.confidence import CONFIDENCE

logger = logging.getLogger(__name__)


class RequestLog:
    """Writes a share of the requests; what cannot be written costs no answer."""

    def __init__(self, folder: Path, share: float, days: int, names: NameList | None = None) -> None:
        """Keep `share` of the texts in `folder` for `days` days, without these names beside those that a text tells."""
        output_folder(folder)
        folder.chmod(0o700)
        self._folder, self._share, self._days, self._names = folder, share, days, names
        self._lock = threading.Lock()
        self._today = ""
        self._failed = False

    def __call__(self, sources: Sequence[object], answers: Columns, version: int) -> None:
        """Log the texts of a request with their answers."""
        now = datetime.now(UTC)
        sure = answers.get(CONFIDENCE) or [None] * len(sources)
        rows = zip(sources, answers["prediction"], sure, strict=True)
        lines = [_line(row, version, now, self._names) for row in rows if random.random() < self._share]
        try:
            with self._lock:
                self._write(now, [line for line in lines if line])
        except OSError as error:
            if not self._failed:  # once: a full disk fails them all
                logger.warning("requests are not logged in %s: %s", self._folder, error)
            self._failed = True

    def _write(self, now: datetime, lines: list[str]) -> None:
        if f"{now:%Y-%m-%d}" != self._today:
            self._today = f"{now:%Y-%m-%d}"
            self._remove_older(now - timedelta(days=self._days))
        file = self._folder / f"requests-{self._today}.jsonl"
        new = not file.exists()
        with file.open("a", encoding="utf-8") as log:
            log.writelines(lines)
        if new:
            file.chmod(0o600)
        self._failed = False

    def _remove_older(self, first: datetime) -> None:
        for file in self._folder.glob("requests-????-??-??.jsonl"):
            if file.stem.removeprefix("requests-") < f"{first:%Y-%m-%d}":
                file.unlink(missing_ok=True)


def _line(row: tuple[object, object, float | None], version: int, now: datetime, names: NameList | None) -> str:
    """Return a line with personal data replaced, consistently in text and answer; empty for what is no text."""
    source, prediction, confidence = row
    if not isinstance(source, str):
        return ""
    text, said = PersonalData(names).replace(source, str(prediction))
    line: dict[str, object] = {
        "time": now.isoformat(timespec="seconds"),
        "version": version,
        "source": text,
        "prediction": said,
    }
    if confidence is not None:
        line[CONFIDENCE] = confidence
    return json.dumps(line, ensure_ascii=False) + "\n"
