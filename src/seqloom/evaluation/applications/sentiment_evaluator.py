"""Labels, measured beside the most frequent one and a linear model of n-grams."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.label_baselines import BaselineBudget, majority_baseline, tfidf_baseline
from seqloom.evaluation.label_metrics import SIGNATURES, confusion, counts_of
from seqloom.evaluation.label_plots import draw_calibration, draw_confusion
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.scores import Score
from seqloom.evaluation.significance import SufficientStatistics
from seqloom.evaluation.slices import Slice
from seqloom.progress import Progress
from seqloom.recipe.applications import SENTIMENT

_CONFUSED = 100  # labels in the table of which was taken for which


class SentimentEvaluator(Evaluator):
    """Accuracy, macro-F1 and how far the model's certainty can be trusted."""

    kind = SENTIMENT

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """What everybody would guess, and what is trained in seconds."""
        texts, labels = train["source"].tolist(), train["target"].tolist()
        linear = tfidf_baseline(texts, labels, test.sources, progress)
        return {"tfidf": linear, **self.cheap_baselines(train, test, progress)}

    def cheap_baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:  # noqa: ARG002
        """What everybody would guess."""
        return {"majority": majority_baseline(train["target"].tolist(), len(test.sources))}

    def baseline_bounds(self, train: pd.DataFrame) -> dict[str, str]:
        """Of the linear model, where labels and text are many."""
        bounds = BaselineBudget.of(train["source"].tolist(), train["target"].tolist())
        return {} if bounds.whole else {"tfidf": bounds.in_words}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """All three."""
        figures = {name: self.count(name, replies, test).figure for name in SIGNATURES}
        return {name: Score(name, figure, SIGNATURES[name]) for name, figure in figures.items()}

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Right and wrong, by label or by certainty."""
        return counts_of(metric, replies["prediction"], replies["probability"], test.references)

    def slices(self, test: EvalSet) -> list[Slice]:
        """By length, by file, and by label: a model may be good on the whole and never name the rare one."""
        by_label: dict[str, list[int]] = {}
        for row, label in enumerate(test.references):
            by_label.setdefault(label, []).append(row)
        labels = [Slice(f"label {label}", rows, "label") for label, rows in sorted(by_label.items())]
        return super().slices(test) + labels

    def facts(self, replies: Replies, test: EvalSet) -> dict[str, Any]:
        """Which label was taken for which; of many labels the most frequent, for the table grows with their square."""
        labels, table = confusion(replies["prediction"], test.references)
        kept = np.sort(np.argsort(-table.sum(axis=1), kind="stable")[:_CONFUSED])
        rows = table[np.ix_(kept, kept)]
        return {"confusion": {"labels": [labels[place] for place in kept], "rows": rows.tolist()}}

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Whether it is right, and how sure the model was."""
        right = [label == wanted for label, wanted in zip(replies["prediction"], test.references, strict=True)]
        return {"right": right, "probability": replies["probability"]}

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Right and sure of it is best, wrong and sure of it worst."""
        rows = zip(replies["prediction"], test.references, replies["probability"], strict=True)
        return [
            Merit(sure if label == wanted else -sure, f"{'right' if label == wanted else 'wrong'}, {sure:.1%} sure")
            for label, wanted, sure in rows
        ]

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Of the model."""
        ours = systems[MODEL]
        draw_confusion(*confusion(ours["prediction"], test.references), folder / "confusion.png")
        draw_calibration(ours["prediction"], ours["probability"], test.references, folder / "calibration.png")
