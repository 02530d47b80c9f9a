"""Interface of the evaluators; what they compute is declared in `seqloom.recipe.applications`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.corpus.overlap import Chunks
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.paired_bootstrap import SufficientStatistics
from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.rare_words import rare_word_slices
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.evaluation.test_slices import COLUMN_PREFIX, Slice, column_slices, slices_of
from seqloom.evaluation.unicode_scripts import scoring_language
from seqloom.progress import Progress
from seqloom.recipe.application import Application

Replies = Mapping[str, Sequence[Any]]
"""Answers of a system, by column as a served model names them: always `prediction`, with others by application."""


@dataclass(frozen=True)
class EvalSet:
    """Sources and references of a split."""

    sources: list[str]
    references: list[str]
    origins: list[str] | None = None  # the corpus file of each row
    source_names: list[str] | None = None  # the source of the corpus of each row, where the recipe has several
    language: str = ""  # tag of the language by which the references are tokenized, empty if unknown
    columns: dict[str, list[str]] = field(default_factory=dict)  # values of the columns that make slices, by name

    @classmethod
    def of(cls, table: pd.DataFrame, language: str) -> "EvalSet":
        """Return the rows of a split; `language` is that of the references in the recipe.

        A column with the prefix of `COLUMN_PREFIX` makes slices.
        """
        origins = table["origin"].astype(str).tolist() if "origin" in table else None
        references = table["target"].tolist()
        names = table["source_name"].astype(str).tolist() if "source_name" in table else None
        tokenized_as = scoring_language(language, references)
        return cls(table["source"].tolist(), references, origins, names, tokenized_as, columns_of(table))

    def only(self, rows: Sequence[int]) -> "EvalSet":
        """Return some of the rows, in the language of all."""
        columns: dict[str, Any] = {
            name: [of[row] for row in rows] for name, of in vars(self).items() if isinstance(of, list)
        }
        kept = {name: [values[row] for row in rows] for name, values in self.columns.items()}
        return replace(self, **columns, columns=kept)


def columns_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns of a table that make slices, by their names in the corpus."""
    named = [name for name in table.columns if name.startswith(COLUMN_PREFIX)]
    return {name.removeprefix(COLUMN_PREFIX): table[name].tolist() for name in named}


def replies_of(replies: Replies, rows: Sequence[int]) -> Replies:
    """Return the answers to some of the rows."""
    return {column: [values[row] for row in rows] for column, values in replies.items()}


class Evaluator(ABC):
    """Metrics, baselines, slices and plots of one application."""

    kind: Application

    @abstractmethod
    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Return the answers of each baseline, fitted on `train`."""

    def cheap_baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Return the answers of the baselines that need no training."""
        return self.baselines(train, test, progress)

    def baseline_bounds(self, train: pd.DataFrame) -> dict[str, str]:  # noqa: ARG002 most read all rows
        """Describe the bounds of baselines that do not read all of `train`, by name."""
        return {}

    @abstractmethod
    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute all metrics that compare answers with references, by name."""

    @abstractmethod
    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return the sufficient statistics of a metric that the gate may use."""

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:  # noqa: ARG002 not all use it
        """Return the metrics that come from the likelihood of the references."""
        return {}

    def slices(self, test: EvalSet) -> list[Slice]:
        """Return the slices of a split."""
        return slices_of(test.sources, test.origins, test.source_names) + column_slices(test.columns)

    def rare_words(self, test: EvalSet, training: Chunks) -> list[Slice]:
        """Return slices by the rarest word of a source, for reports; strings and running text have none."""
        return [] if self.kind.strings or self.kind.running_text else rare_word_slices(test.sources, training)

    def shown(self, replies: Replies, test: EvalSet) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Return what reports show of each row: source, reference and hypothesis."""
        return test.sources, test.references, replies["prediction"]

    @abstractmethod
    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Return the quality of the answer to each row."""

    def acceptable(self, replies: Replies, test: EvalSet) -> list[bool]:
        """Return whether the answer to each row is as good as the application asks of one that is acceptable."""
        return [each.value >= self.kind.acceptable for each in self.merits(replies, test)]

    def facts(self, replies: Replies, test: EvalSet) -> dict[str, Any]:  # noqa: ARG002 most have metrics only
        """Return facts to report besides the metrics."""
        return {}

    @abstractmethod
    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return columns with the quality of each row, for the table of hypotheses."""

    @abstractmethod
    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Write the plots of the application to `folder`, without that of its scores."""
