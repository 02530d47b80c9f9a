"""Evaluation of classification: accuracy, macro-F1, calibration, and majority and TF-IDF baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.label_baselines import BaselineBudget, majority_baseline, tfidf_baseline
from seqloom.evaluation.label_metrics import SIGNATURES, confusion, counts_of
from seqloom.evaluation.label_plots import draw_confusion
from seqloom.evaluation.paired_bootstrap import SufficientStatistics
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.reliability_diagram import draw_reliability
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.evaluation.test_slices import Slice
from seqloom.progress import Progress
from seqloom.recipe.applications import SENTIMENT

_CONFUSED = 100  # labels in the confusion matrix, at most


class SentimentEvaluator(Evaluator):
    """Accuracy, macro-F1 and expected calibration error."""

    kind = SENTIMENT

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Answer with the majority label, and with a TF-IDF linear model."""
        texts, labels = train["source"].tolist(), train["target"].tolist()
        linear = tfidf_baseline(texts, labels, test.sources, progress)
        return {"tfidf": linear, **self.cheap_baselines(train, test, progress)}

    def cheap_baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:  # noqa: ARG002
        """Answer with the majority label."""
        return {"majority": majority_baseline(train["target"].tolist(), len(test.sources))}

    def baseline_bounds(self, train: pd.DataFrame) -> dict[str, str]:
        """Describe the bounds of the linear model, on a large training split."""
        budget = BaselineBudget.of(train["source"].tolist(), train["target"].tolist())
        return {} if budget.whole else {"tfidf": budget.description}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute all three metrics."""
        values = {name: self.count(name, replies, test).value for name in SIGNATURES}
        return {name: Score(name, value, SIGNATURES[name]) for name, value in values.items()}

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return the statistics of a metric."""
        return counts_of(metric, replies["prediction"], replies["probability"], test.references)

    def slices(self, test: EvalSet) -> list[Slice]:
        """Return slices by length, by file and by label, for models that never predict a rare one."""
        by_label: dict[str, list[int]] = {}
        for row, label in enumerate(test.references):
            by_label.setdefault(label, []).append(row)
        labels = [Slice(f"label {label}", rows, "label") for label, rows in sorted(by_label.items())]
        return super().slices(test) + labels

    def facts(self, replies: Replies, test: EvalSet) -> dict[str, Any]:
        """Return the confusion matrix; of many labels, that of the most frequent."""
        labels, table = confusion(replies["prediction"], test.references)
        kept = np.sort(np.argsort(-table.sum(axis=1), kind="stable")[:_CONFUSED])
        rows = table[np.ix_(kept, kept)]
        return {"confusion": {"labels": [labels[index] for index in kept], "rows": rows.tolist()}}

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return correctness and probability of each row."""
        return {"right": self.acceptable(replies, test), "probability": replies["probability"]}

    def acceptable(self, replies: Replies, test: EvalSet) -> list[bool]:
        """Return whether the label of each row is right."""
        return [label == wanted for label, wanted in zip(replies["prediction"], test.references, strict=True)]

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Return the probability of each row, negative if the label is wrong."""
        rows = zip(replies["prediction"], test.references, replies["probability"], strict=True)
        return [
            Merit(sure if label == wanted else -sure, f"{'right' if label == wanted else 'wrong'}, {sure:.1%} sure")
            for label, wanted, sure in rows
        ]

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Plot the confusion matrix and the calibration of the model."""
        ours = systems[MODEL]
        draw_confusion(*confusion(ours["prediction"], test.references), folder / "confusion.png")
        axes = ("probability of the chosen label", "share of rows that are right")
        draw_reliability(ours["probability"], self.acceptable(ours, test), *axes, folder / "calibration.png")
