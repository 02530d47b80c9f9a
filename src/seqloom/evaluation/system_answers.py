"""Answers of the model and of the baselines to the same texts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import pandas as pd

from seqloom.decoding.answers import concatenate
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies, replies_of
from seqloom.evaluation.plot_style import MODEL
from seqloom.progress import Progress
from seqloom.training.resource_cost import CostMeter, ResourceCost

ROWS_AT_ONCE = 256  # decoded between two progress reports

Predict = Callable[[Sequence[str], Sequence[int]], Replies]
"""Return answers by column, given texts and their row numbers, which decide what is sampled."""


@dataclass(frozen=True)
class SystemAnswers:
    """The test split, and the answers of each system to it."""

    test: EvalSet
    systems: Mapping[str, Replies]  # the model, then the baselines
    cost: ResourceCost  # of decoding by the model

    def only(self, rows: Sequence[int]) -> "SystemAnswers":
        """Return the answers to some of the rows."""
        systems = {name: replies_of(replies, rows) for name, replies in self.systems.items()}
        return SystemAnswers(self.test.only(rows), systems, self.cost)

    @property
    def of_model(self) -> Replies:
        """The answers of the model."""
        return self.systems[MODEL]

    @classmethod
    def of(
        cls,
        evaluator: Evaluator,
        predict: Predict,
        train: pd.DataFrame,
        test: EvalSet,
        progress: Progress,
        with_linear: bool,
        device: str = "cpu",
    ) -> Self:
        """Answer the test sources with the model, on a device, and with the baselines."""
        with CostMeter(device) as meter:
            replies = decode(predict, test.sources, progress)
        baselines = evaluator.baselines if with_linear else evaluator.cheap_baselines
        return cls(test, {MODEL: replies, **baselines(train, test, progress)}, meter.cost())


def of_rows(predict: Predict, rows: Sequence[int]) -> Predict:
    """Return `predict` for numbers among some of the rows: what is sampled for a row stays what it was among all."""
    return lambda texts, numbers: predict(texts, [rows[number] for number in numbers])


def decode(predict: Predict, sources: Sequence[str], progress: Progress) -> Replies:
    """Return the answers to all sources, by column."""

    def pieces() -> Iterator[Replies]:
        for start in range(0, len(sources), ROWS_AT_ONCE):
            texts = sources[start : start + ROWS_AT_ONCE]
            yield predict(texts, range(start, start + len(texts)))
            progress(start + len(texts), len(sources), "rows", "decoding the test split")

    replies = concatenate(pieces())
    assert len(replies["prediction"]) == len(sources), "one answer per source"
    return replies
