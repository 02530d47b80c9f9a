"""A version in a form that is fast on a CPU, and what that costs in quality."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from seqloom.decoding.exported import ExportedGenerator
from seqloom.decoding.exporting import export_ctranslate2
from seqloom.decoding.generator import Generator
from seqloom.evaluation.comparing import compare, count
from seqloom.mistake import UserMistake
from seqloom.recipe.kinds.choosing import judged_by
from seqloom.recipe.resolved import read_recipe
from seqloom.registry.lookup import find_checkpoint, find_version, open_registry

EXPORT_TAG = "seqloom.export."  # and the form: on the version
ROWS = 500  # of the test split, answered at most
TIMED = 50  # texts answered one at a time


@dataclass(frozen=True)
class Export:
    """What was written, and how it compares with the version itself on test rows."""

    folder: str
    form: str
    megabytes: float
    megabytes_before: float
    rows: int = 0  # compared; none where the model is a folder and no version
    metric: str = ""
    score: float = 0.0
    score_before: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)  # 95 %, of the difference
    latency_p95: float = 0.0  # milliseconds for one text
    latency_p95_before: float = 0.0


def export_model(model: str, home: Path, quantization: str, to: Path | None) -> Export:
    """Write `model` as CTranslate2 reads it, whole or not at all; of a version its record says how good it is.

    Raises:
        UserMistake: there is no such model, CTranslate2 cannot run it, or `to` exists.
    """
    checkpoint = find_checkpoint(model, home)
    form = f"ctranslate2-{quantization}"
    folder = to or Path(f"{read_recipe(checkpoint).name}-{form}")
    if folder.exists():
        raise UserMistake(f"{folder} exists already: name another folder with --to, or remove it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as unfinished:
        made = Path(unfinished) / "model"
        made.mkdir()
        export_ctranslate2(checkpoint, made, quantization)
        made.rename(folder)
    plain = Export(str(folder), form, _megabytes(folder), _megabytes(checkpoint))
    if not model.startswith("models:"):
        return plain
    version = find_version(model, home)
    compared = _compared(plain, checkpoint, str(version.run_id))
    record = json.dumps({name: value for name, value in asdict(compared).items() if name != "folder"})
    open_registry(model, home).set_model_version_tag(version.name, str(version.version), EXPORT_TAG + form, record)
    return compared


def _compared(export: Export, checkpoint: Path, run_id: str) -> Export:
    """With the same test rows and decoding put to both."""
    try:
        table = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/evaluation/hypotheses.parquet")
    except (MlflowException, OSError):
        return export  # its run was cleaned up: there is nothing to compare with
    rows = pd.read_parquet(table).head(ROWS)
    sources, references = rows["source"].tolist(), rows["reference"].tolist()
    recipe = read_recipe(checkpoint)
    metric, language = judged_by(recipe).name, recipe.corpus.target_language
    before, after = Generator.load(checkpoint), ExportedGenerator(Path(export.folder))
    counts = [count(metric, each.generate(sources), references, language) for each in (before, after)]
    found = compare(*counts)
    return Export(
        export.folder,
        export.form,
        export.megabytes,
        export.megabytes_before,
        len(sources),
        metric,
        round(found.challenger, 4),
        round(found.champion, 4),
        (round(found.low, 4), round(found.high, 4)),
        _latency(after, sources),
        _latency(before, sources),
    )


def _latency(generator: Generator, sources: Sequence[str]) -> float:
    chosen = sorted(sources, key=len)[:: max(1, len(sources) // TIMED)][:TIMED]
    generator.generate(chosen[:3])  # warm
    seconds = []
    for text in chosen:
        started = time.perf_counter()
        generator.generate([text])
        seconds.append(time.perf_counter() - started)
    return round(float(np.quantile(seconds, 0.95)) * 1000, 2)


def _megabytes(folder: Path) -> float:
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 2)
