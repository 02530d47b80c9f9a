"""Evaluation of summarization: ROUGE, and lead and nearest-neighbor baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.baselines import lead_baseline, nearest_baseline
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.length_buckets import length_buckets
from seqloom.evaluation.paired_bootstrap import SufficientStatistics
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.plots import length_histogram, length_scores
from seqloom.evaluation.rouge import count_rouge, rouge_of_rows, summary_scores
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.progress import Progress
from seqloom.recipe.applications import SUMMARIZATION


class SummarizationEvaluator(Evaluator):
    """ROUGE, length ratio, repetition and new words."""

    kind = SUMMARIZATION

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Answer with the first sentence, and with the summary of the most similar training document."""
        sources, targets = train["source"].tolist(), train["target"].tolist()
        nearest = nearest_baseline(sources, targets, test.sources, progress)
        return {"lead": {"prediction": lead_baseline(targets, test.sources)}, "nearest": {"prediction": nearest}}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute all metrics."""
        return summary_scores(replies["prediction"], test.references, test.sources, test.language)

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return the F1 of each row."""
        return count_rouge(metric, replies["prediction"], test.references, test.language)

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return the ROUGE-L of each row."""
        rows = rouge_of_rows(["rougeL"], replies["prediction"], test.references, test.language)
        return {metric: of_rows.tolist() for metric, of_rows in rows.items()}

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Return the quality of each row by its ROUGE-L."""
        rouge = self.kind.judged["rougeL"]
        values = self.by_row(replies, test)["rougeL"]
        return [Merit(value, f"{rouge.label} {rouge.shown(value)}") for value in values]

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Plot ROUGE-L by length of the document, and the lengths of the summaries."""
        counts = {system: self.count("rougeL", replies, test) for system, replies in systems.items()}
        buckets, measure = length_buckets(test.sources, counts), self.kind.judged["rougeL"]
        length_scores(buckets, self.kind.baselines, measure, folder / "rouge_by_length.png")
        length_histogram(test.references, systems[MODEL]["prediction"], folder / "lengths.png")
