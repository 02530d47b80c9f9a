"""Records of exported backends: size, score and latency beside the version itself, and the gate's verdict."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from seqloom.recipe.applications import application_of
from seqloom.recipe.metric import Metric
from seqloom.registry.checkpoint_folder import OWN_BACKEND

EXPORT_TAG = "seqloom.export."  # and the backend: its record, on the version
NOISE = 1.1  # ratio of two latencies that may be one and the same


@dataclass(frozen=True)
class Side:
    """Size, score and latency of one backend of a version."""

    megabytes: float
    score: float
    latency_p50: float  # milliseconds for one text on this CPU
    latency_p95: float


@dataclass(frozen=True)
class ExportRecord:
    """A comparison of an exported backend with the version itself, on the version's test rows."""

    backend: str
    rows: int
    task: str
    metric: str
    before: Side  # the version itself
    after: Side
    interval: tuple[float, float]  # 95 %, of the difference of the scores
    passed: bool
    why: str
    advice: str = ""  # that it is not worth having here, and against what
    library: str = ""  # that the backend needs beside the version's requirements.txt, as pip takes it

    @property
    def installed_by(self) -> str:
        """Return the pip command that loading this backend needs; empty where requirements.txt is enough.

        That file is sealed with the version, so a backend that is added later cannot change it.
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
            return f"{self.backend} is refused: {self.why}"
        times = f"one text in {self.after.latency_p50:.1f} ms in place of {self.before.latency_p50:.1f}"
        sizes = f"{self.after.megabytes:.1f} MB in place of {self.before.megabytes:.1f}"
        return f"{self.backend}: {sizes}, {times}" + (f"; {self.advice}" if self.advice else "")


def records_of(version: ModelVersion) -> Iterator[ExportRecord]:
    """Yield the record of every backend that was tried."""
    for tag, text in sorted(version.tags.items()):
        if tag.startswith(EXPORT_TAG):
            fields = json.loads(text)
            backend = fields.pop("form", None) or fields.pop("backend")  # form: in records of 0.1
            before, after = (Side(**fields.pop(side)) for side in ("before", "after"))
            yield ExportRecord(backend, before=before, after=after, interval=tuple(fields.pop("interval")), **fields)


def advice_on(backend: str, before: Side, after: Side, others: Iterable[ExportRecord]) -> str:
    """Return a sentence if another backend of the version is faster on this machine; nothing if none is.

    Latencies of other exports were measured at another time: what counts is theirs in multiples of the version's own,
    which took turns with them.
    """
    known = {OWN_BACKEND: before}
    for other in others:
        if other.backend != backend and other.passed and other.before.latency_p50 > 0:
            latency = before.latency_p50 * other.after.latency_p50 / other.before.latency_p50
            known[other.backend] = Side(other.after.megabytes, other.after.score, latency, latency)
    name, fastest = min(known.items(), key=lambda each: each[1].latency_p50)
    if after.latency_p50 <= NOISE * fastest.latency_p50:
        return ""
    ours, theirs = (1000 / side.latency_p50 for side in (after, fastest))
    slower = f"{backend} is slower than {name} here: {ours:.3g} against {theirs:.3g} texts/s"
    if after.megabytes < fastest.megabytes:
        return f"{slower}; worth having only for its {after.megabytes:.1f} MB in place of {fastest.megabytes:.1f}"
    return f"{slower}, and no smaller: not worth having"


def is_known(client: MlflowClient, name: str, number: int, backend: str) -> bool:
    """Return whether this backend of the version was judged already."""
    return EXPORT_TAG + backend in client.get_model_version(name, str(number)).tags
