"""Records of exported forms: size, score and latency beside the version itself, and the gate's verdict."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from seqloom.recipe.applications import application_of
from seqloom.recipe.metric import Metric

EXPORT_TAG = "seqloom.export."  # and the form: its record, on the version


@dataclass(frozen=True)
class Side:
    """Size, score and latency of one form of a version."""

    megabytes: float
    score: float
    latency_p50: float  # milliseconds for one text on this CPU
    latency_p95: float


@dataclass(frozen=True)
class ExportRecord:
    """A comparison of an exported form with the version itself, on the version's test rows."""

    form: str
    rows: int
    task: str
    metric: str
    before: Side  # the version itself
    after: Side
    interval: tuple[float, float]  # 95 %, of the difference of the scores
    passed: bool
    why: str
    library: str = ""  # that the form needs beside the version's requirements.txt, as pip takes it

    @property
    def installed_by(self) -> str:
        """Return the pip command that loading this form needs; empty where requirements.txt is enough.

        That file is sealed with the version, so a form that is added later cannot change it.
        """
        return f"pip install {self.library}" if self.library and self.passed else ""

    @property
    def measure(self) -> Metric:
        """Return the metric of the scores."""
        return application_of(self.task).judged[self.metric]

    @property
    def headline(self) -> str:
        """Return the record in one line."""
        if not self.passed:
            return f"{self.form} is refused: {self.why}"
        times = f"one text in {self.after.latency_p50:.1f} ms in place of {self.before.latency_p50:.1f}"
        return f"{self.form}: {self.after.megabytes:.1f} MB in place of {self.before.megabytes:.1f}, {times}"


def records_of(version: ModelVersion) -> Iterator[ExportRecord]:
    """Yield the record of every form that was tried."""
    for tag, text in sorted(version.tags.items()):
        if tag.startswith(EXPORT_TAG):
            fields = json.loads(text)
            before, after = (Side(**fields.pop(side)) for side in ("before", "after"))
            yield ExportRecord(before=before, after=after, interval=tuple(fields.pop("interval")), **fields)


def is_known(client: MlflowClient, name: str, number: int, form: str) -> bool:
    """Return whether this form of the version was judged already."""
    return EXPORT_TAG + form in client.get_model_version(name, str(number)).tags
