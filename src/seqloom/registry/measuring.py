"""What a registered version does with test rows, asked as others ask it."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
import pandas as pd

from seqloom.progress import Progress
from seqloom.recipe.schema import Decoding
from seqloom.registry.integrity import OWN_FORM

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

    from seqloom.evaluation.kinds.judge import Replies

ROWS_AT_ONCE = 256  # between two moves of the progress bar
TIMED, WARMING = 50, 3  # texts answered one at a time for the latency, and before the clock runs


@dataclass(frozen=True)
class Measured:
    """The answers of one version, and how long it takes for one."""

    replies: "Replies"
    latency_p95: float  # milliseconds for one text on the CPU; of 100 texts 95 are faster
    latency_p50: float = 0.0  # and 50


def measure(
    uri: str, sources: Sequence[str], decoding: Decoding, device: str, progress: Progress, form: str = OWN_FORM
) -> Measured:
    """Put `sources` to a version with this decoding; only its speed is always that of the CPU.

    A `form` other than its own has an engine for CPUs alone: `device` is for the version's own.

    Raises:
        Exception: whatever MLflow or the version's own code raises where it cannot be loaded or fails.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, on type hints of its own
        model = mlflow.pyfunc.load_model(uri, model_config=None if form == OWN_FORM else {"form": form})
    known = {param.name for param in model.metadata.get_params_schema().params}
    params = {name: value for name, value in decoding.model_dump().items() if name in known}

    def ask(texts: Sequence[str], first_row: int = 0) -> pd.DataFrame:
        numbered = {"first_row": first_row} if "first_row" in known else {}  # versions did not always know
        answers: pd.DataFrame = model.predict(pd.DataFrame({"source": list(texts)}), params=params | numbered)
        return answers

    name = "/".join(uri.rsplit("/", 2)[1:])  # and number, also where it is a folder
    seconds = _seconds(ask, sources)
    if form == OWN_FORM:
        _move(model, device)
    tables: list[pd.DataFrame] = []
    for start in range(0, len(sources), ROWS_AT_ONCE):
        tables.append(ask(sources[start : start + ROWS_AT_ONCE], start))
        progress(min(start + ROWS_AT_ONCE, len(sources)), len(sources), "rows", f"asking {name}")
    answers = pd.concat(tables)
    median, nearly_all = (float(quantile) * 1000 for quantile in np.quantile(seconds, [0.5, 0.95]))
    return Measured({str(column): answers[column].tolist() for column in answers}, nearly_all, median)


def megabytes_of(folder: Path) -> float:
    """All files below `folder`, in units of 10^6 bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _seconds(ask: Callable[[Sequence[str]], pd.DataFrame], sources: Sequence[str]) -> list[float]:
    """What each of some texts takes that are asked one by one, evenly taken from short to long."""
    ordered = sorted(sources, key=len)
    count = min(TIMED, len(ordered))
    chosen = [ordered[(2 * part + 1) * len(ordered) // (2 * count)] for part in range(count)]
    for text in chosen[:WARMING]:
        ask([text])
    seconds = []
    for text in chosen:
        started = time.perf_counter()
        ask([text])
        seconds.append(time.perf_counter() - started)
    return seconds


def _move(model: "PyFuncModel", device: str) -> None:
    from seqloom.training.device import choose_device  # torch: seconds that only a new version needs

    served: Any = model.unwrap_python_model()
    served.answering.generator.model.to(choose_device(device))
