"""What has to be computed for a kind of task: the declarations are in `seqloom.recipe.applications`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.evaluation.examples import Merit
from seqloom.evaluation.likelihood import Likelihood
from seqloom.evaluation.scores import Score
from seqloom.evaluation.significance import SufficientStatistics
from seqloom.evaluation.slices import Slice, slices_of
from seqloom.evaluation.unicode_scripts import scored_as
from seqloom.progress import Progress
from seqloom.recipe.application import Application

Replies = Mapping[str, Sequence[Any]]
"""What a system answers, by column as a served model names them: always `prediction`, and what the kind has beside."""


@dataclass(frozen=True)
class EvalSet:
    """What is asked, and what a person would have answered."""

    sources: list[str]
    references: list[str]
    origins: list[str] | None = None  # the corpus file of each row
    language: str = ""  # tag of that by which the references are cut into words, empty if unknown

    @classmethod
    def of(cls, table: pd.DataFrame, language: str) -> "EvalSet":
        """The rows of a split; `language` is what the recipe says of the references."""
        origins = table["origin"].astype(str).tolist() if "origin" in table else None
        references = table["target"].tolist()
        return cls(table["source"].tolist(), references, origins, scored_as(language, references))


class Evaluator(ABC):
    """One kind of task, measured."""

    kind: Application

    @abstractmethod
    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """What each baseline of the kind answers, having seen `train`."""

    def cheap_baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """The same without a linear model that has to be trained first."""
        return self.baselines(train, test, progress)

    def baseline_bounds(self, train: pd.DataFrame) -> dict[str, str]:  # noqa: ARG002 most read all there is
        """What baselines that do not read all of `train` are learned from, by name."""
        return {}

    @abstractmethod
    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Every score of the kind that compares answers with references, by name."""

    @abstractmethod
    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """What a score that may judge counts in each row."""

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:  # noqa: ARG002 for some there is nothing in it
        """The scores of the kind that come from what the model thinks of the references."""
        return {}

    def slices(self, test: EvalSet) -> list[Slice]:
        """Parts of the rows in which a model may be bad though it is good on the whole."""
        return slices_of(test.sources, test.origins)

    def shown(self, replies: Replies, test: EvalSet) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """What people are shown of each row: what went in, what a person wrote, and what came out."""
        return test.sources, test.references, replies["prediction"]

    @abstractmethod
    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """How good the answer to each row is."""

    def facts(self, replies: Replies, test: EvalSet) -> dict[str, Any]:  # noqa: ARG002 most kinds say it in scores
        """What people are shown beside scores."""
        return {}

    @abstractmethod
    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Columns that tell good rows from bad ones."""

    @abstractmethod
    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """The kind's pictures but for that of its scores."""
