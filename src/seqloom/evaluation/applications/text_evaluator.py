"""Base of the evaluators of texts and strings: baselines, likelihood and plots."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.baselines import copy_baseline
from seqloom.evaluation.length_buckets import length_buckets
from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.plots import length_histogram, length_scores
from seqloom.progress import Progress

NEAREST, COPY = "nearest", "copy"


class TextEvaluator(Evaluator):
    """An evaluator with the baselines nearest training source and copied source."""

    plotted: str  # the metric that is plotted by length

    @abstractmethod
    def nearest(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> list[str]:
        """Return the target of the training source that is most similar to each source."""

    def baselines(self, train: pd.DataFrame, test: EvalSet, progress: Progress) -> dict[str, Replies]:
        """Answer with the target of the most similar training source, and with the source."""
        nearest = self.nearest(train, test, progress)
        return {NEAREST: {"prediction": nearest}, COPY: {"prediction": copy_baseline(test.sources)}}

    def of_likelihood(self, likelihood: Likelihood) -> dict[str, float]:
        """Return perplexity and token accuracy."""
        return {"perplexity": likelihood.perplexity, "accuracy": likelihood.accuracy}

    def draw(self, folder: Path, systems: Mapping[str, Replies], test: EvalSet) -> None:
        """Plot a metric by length of the source, and the lengths of the answers."""
        counts = {system: self.count(self.plotted, systems[system], test) for system in (MODEL, NEAREST)}
        names, measure = {NEAREST: self.kind.baselines[NEAREST]}, self.kind.judged[self.plotted]
        length_scores(length_buckets(test.sources, counts), names, measure, folder / f"{self.plotted}_by_length.png")
        length_histogram(test.references, systems[MODEL]["prediction"], folder / "lengths.png")
