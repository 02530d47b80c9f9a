"""Evaluation of translation: sacreBLEU metrics, and nearest-neighbor and copy baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.baselines import copy_baseline, nearest_baseline
from seqloom.evaluation.examples import Merit
from seqloom.evaluation.length_buckets import length_buckets
from seqloom.evaluation.paired_bootstrap import SufficientStatistics, count
from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.plots import length_histogram, length_scores
from seqloom.evaluation.sacrebleu_scores import METRICS, Score, sentence_chrf, text_scores
from seqloom.progress import Progress
from seqloom.recipe.applications import TRANSLATION

NEAREST, COPY = "nearest", "copy"


class TranslationEvaluator(Evaluator):
    """BLEU, chrF and TER, as far as the application declares them."""

    kind = TRANSLATION
    short = False  # True if texts may be shorter than BLEU's n-grams

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Answer with the translation of the most similar training source, and with the source."""
        nearest = nearest_baseline(train["source"].tolist(), train["target"].tolist(), test.sources, progress)
        return {NEAREST: {"prediction": nearest}, COPY: {"prediction": copy_baseline(test.sources)}}

    def scores(self, replies: Replies, test: EvalSet) -> dict[str, Score]:
        """Compute the metrics of the corpus."""
        declared = [measure.name for measure in self.kind.metrics if measure.name in METRICS]
        return text_scores(declared, replies["prediction"], test.references, test.language, self.short)

    def count(self, metric: str, replies: Replies, test: EvalSet) -> SufficientStatistics:
        """Return sacreBLEU's statistics of each row."""
        return count(metric, replies["prediction"], test.references, test.language, self.short)

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:
        """Return perplexity and token accuracy."""
        return {"perplexity": likelihood.perplexity, "accuracy": likelihood.accuracy}

    def by_row(self, replies: Replies, test: EvalSet) -> dict[str, Sequence[Any]]:
        """Return the chrF of each row."""
        return {"chrf": sentence_chrf(replies["prediction"], test.references)}

    def merits(self, replies: Replies, test: EvalSet) -> list[Merit]:
        """Return the quality of each row by its chrF."""
        chrf = self.kind.judged["chrf"]
        values = sentence_chrf(replies["prediction"], test.references)
        return [Merit(value, f"{chrf.label} {chrf.shown(value)}") for value in values]

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Plot chrF by length of the source, and the lengths of the answers."""
        counts = {system: self.count("chrf", systems[system], test) for system in (MODEL, NEAREST)}
        names, measure = {NEAREST: self.kind.baselines[NEAREST]}, self.kind.judged["chrf"]
        length_scores(length_buckets(test.sources, counts), names, measure, folder / "chrf_by_length.png")
        length_histogram(test.references, systems[MODEL]["prediction"], folder / "lengths.png")
