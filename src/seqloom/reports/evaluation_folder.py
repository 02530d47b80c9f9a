"""An evaluated version as its reports read it: the files of the evaluation stage, and what MLflow knows beside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.evaluation import HYPOTHESES_FILE, SCORES_FILE
from seqloom.recipe.applications import application_of
from seqloom.recipe.metric import Metric


@dataclass(frozen=True)
class EvaluationFolder:
    """Files of the evaluation stage, and what else is known of the version."""

    folder: Path
    title: str
    verdict: Mapping[str, Any] = field(default_factory=dict)  # of the gate, as evidence keeps it; empty before it
    training: Mapping[str, Any] = field(default_factory=dict)  # facts of the stage
    facts: Mapping[str, Any] = field(default_factory=dict)  # those of the evaluation that no file of it holds
    price_per_hour: float = 0.0  # of the machine; 0: not stated
    ensemble: Mapping[str, Any] = field(default_factory=dict)  # facts of the stage, where the version is one
    known_answers: str = ""  # memory and rules, as the version's tag says them

    @property
    def scores(self) -> dict[str, Any]:
        """The facts of the evaluation."""
        found: dict[str, Any] = json.loads((self.folder / SCORES_FILE).read_text(encoding="utf-8"))
        return found

    @property
    def metric(self) -> Metric:
        """The metric that the version is judged by; evaluations of earlier releases do not say if it is another."""
        scores = self.scores
        kind = application_of(scores["task"])
        return kind.judged[scores.get("metric", kind.metric)]

    @property
    def rows(self) -> pd.DataFrame:
        """A row for each test row, with the answers of model and baselines."""
        return pd.read_parquet(self.folder / HYPOTHESES_FILE)
