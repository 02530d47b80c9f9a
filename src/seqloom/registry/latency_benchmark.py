"""Predictions, size and latency of a registered version, measured through `mlflow.pyfunc`."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import mlflow
import pandas as pd

from seqloom.corpus.framed_text import request_columns
from seqloom.progress import Progress
from seqloom.recipe.schema import DecodingSection
from seqloom.registry.latency_measurement import Answer, engine_on_one_thread

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

    from seqloom.evaluation.applications.evaluator import Replies

_ALONE = (("use_memory", False),)  # what is measured is the model; versions did not always know
ROWS_AT_ONCE = 256  # between two moves of the progress bar


class Ask(Protocol):
    """Ask a version for answers."""

    def __call__(self, texts: Sequence[str], first_row: int = 0) -> pd.DataFrame:
        """Return the answers to texts, the first of which has this number."""


@dataclass(frozen=True)
class Measured:
    """The predictions of one version, and the loaded model for latency measurements on the CPU."""

    replies: "Replies"
    answer: Answer


def measure(
    uri: str,
    sources: Sequence[str],
    decoding: DecodingSection,
    device: str,
    progress: Progress,
    model_config: Mapping[str, str] | None = None,
) -> Measured:
    """Predict `sources` with this decoding.

    A `model_config` chooses an exported backend, which runs on CPUs alone: `device` is for the version's own.

    Raises:
        Exception: whatever MLflow or the version's own code raises where it cannot be loaded or fails.
    """
    model, ask = load_version(uri, decoding, model_config)
    name = "/".join(uri.rsplit("/", 2)[1:])  # and number, also where it is a folder
    if model_config is None:
        _move(model, device)
    tables: list[pd.DataFrame] = []
    for start in range(0, len(sources), ROWS_AT_ONCE):
        tables.append(ask(sources[start : start + ROWS_AT_ONCE], first_row=start))
        progress(min(start + ROWS_AT_ONCE, len(sources)), len(sources), "rows", f"asking {name}")
    if model_config is None:
        _move(model, "cpu")
    answers = pd.concat(tables)
    return Measured({str(column): answers[column].tolist() for column in answers}, ask)


def load_version(
    uri: str, decoding: DecodingSection, model_config: Mapping[str, str] | None
) -> "tuple[PyFuncModel, Ask]":
    """Return a version in a backend, and what asks it with this decoding."""
    with warnings.catch_warnings(), engine_on_one_thread():
        warnings.simplefilter("ignore")  # MLflow's own, on type hints of its own
        model = mlflow.pyfunc.load_model(uri, model_config=model_config)
    known = {param.name for param in model.metadata.get_params_schema().params}
    params = {name: value for name, value in decoding.model_dump().items() if name in known}

    def ask(texts: Sequence[str], first_row: int = 0) -> pd.DataFrame:
        answers: pd.DataFrame = model.predict(
            pd.DataFrame(request_columns(texts)),
            params=params | {name: value for name, value in (("first_row", first_row), *_ALONE) if name in known},
        )
        return answers

    return model, ask


def megabytes_of(folder: Path) -> float:
    """Return the size of all files below `folder`, in units of 10^6 bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _move(model: "PyFuncModel", device: str) -> None:
    from seqloom.training.device import choose_device  # torch: seconds that only a new version needs

    served: Any = model.unwrap_python_model()
    predictor = getattr(served, "predictor", None) or served.answering  # as versions made by 0.1 call it
    predictor.generator.model.to(choose_device(device))
