"""Paired bootstrap resampling (Koehn 2004, https://aclanthology.org/W04-3250) and confidence intervals.

N rows, K statistics of a row, R resamples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from seqloom.evaluation.sacrebleu_scores import metric_of
from seqloom.evaluation.unicode_scripts import scoring_language

RESAMPLES, SEED = 1000, 12345  # those of sacreBLEU, so that its command line gives the same p-value
_ROWS_AT_ONCE = 1 << 23  # resampled rows held in memory

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class SufficientStatistics:
    """Statistics of each row of one system, and the function from their sums to the metric."""

    rows: Figures | csr_array  # (N, K)
    score: Callable[[Figures], float]  # of a sum (K,)

    @property
    def value(self) -> float:
        """The value of the metric on all rows."""
        return self.score(self.rows.sum(axis=0))

    def of(self, rows: Sequence[int]) -> float:
        """Return the value of the metric on some rows."""
        return self.only(rows).value

    def only(self, rows: Sequence[int]) -> "SufficientStatistics":
        """Return the statistics of some rows."""
        return SufficientStatistics(self.rows[list(rows)], self.score)


@dataclass(frozen=True)
class PairedBootstrap:
    """Comparison of two systems on the same rows."""

    champion: float
    challenger: float
    low: float  # 95 % confidence interval of the difference: low to high
    high: float
    p_value: float  # probability of a difference at least as large under the null hypothesis

    @property
    def difference(self) -> float:
        """The challenger's score minus the champion's."""
        return self.challenger - self.champion


def count(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], language: str, short: bool = False
) -> SufficientStatistics:
    """Return sacreBLEU's statistics for `bleu` or `chrf`; `short` as in `text_scores`."""
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    scorer = metric_of(metric, scoring_language(language, references), short)
    # sacreBLEU has no public function for statistics by row; its version is pinned
    rows = np.array(scorer._extract_corpus_statistics(hypotheses, [references]), dtype=np.float64)
    return SufficientStatistics(rows, lambda sums: float(scorer._compute_score_from_stats(sums.tolist()).score))


def mean_of(rows: Figures) -> SufficientStatistics:
    """Return the statistics of a metric that is the mean of a value of each row, `(N,)`."""
    return SufficientStatistics(np.stack([rows, np.ones_like(rows)], axis=1), lambda sums: float(sums[0] / sums[1]))


def exact_matches(hypotheses: Sequence[str], references: Sequence[str]) -> SufficientStatistics:
    """Return the statistics of exact match: the share of answers that equal their references."""
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    return mean_of(np.array([float(text == wanted) for text, wanted in zip(hypotheses, references, strict=True)]))


def compare(champion: SufficientStatistics, challenger: SufficientStatistics) -> PairedBootstrap:
    """Return the difference, its confidence interval and its p-value, by sacreBLEU's paired bootstrap test.

    There is one deviation: a resample counts if its difference is equal to the observed one or larger, not only if it
    is larger. For a system and itself none is larger, and sacreBLEU would report a difference, with p = 0.001.
    """
    assert champion.rows.shape == challenger.rows.shape, "two systems answer the same rows"
    first_scores, second_scores = (np.empty(RESAMPLES) for _ in range(2))
    for first, drawn in _resamples(champion.rows.shape[0]):
        for scores, counts in ((first_scores, champion), (second_scores, challenger)):
            scores[first : first + len(drawn)] = [counts.score(sums) for sums in drawn @ counts.rows]
    differences = second_scores - first_scores
    observed = abs(challenger.value - champion.value)
    sizes = np.abs(differences)
    p_value = (np.sum(sizes - sizes.mean() >= observed) + 1) / (RESAMPLES + 1)
    low, high = np.quantile(differences, [0.025, 0.975])
    return PairedBootstrap(champion.value, challenger.value, float(low), float(high), float(p_value))


def confidence_interval(counts: SufficientStatistics) -> tuple[float, float]:
    """Return the 95 % bootstrap confidence interval of the metric."""
    scores = [counts.score(sums) for _, drawn in _resamples(counts.rows.shape[0]) for sums in drawn @ counts.rows]
    low, high = np.quantile(scores, [0.025, 0.975])
    return float(low), float(high)


def _resamples(rows: int) -> Iterator[tuple[int, Figures]]:
    """Yield chunks of resamples: the index of the first, and how often each row is drawn in each, `(r, N)`."""
    random = np.random.default_rng(SEED)
    chunk = max(1, _ROWS_AT_ONCE // rows)
    for first in range(0, RESAMPLES, chunk):
        size = min(chunk, RESAMPLES - first)
        drawn = random.choice(rows, size=(size, rows), replace=True) + np.arange(size)[:, None] * rows
        yield first, np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows).astype(np.float64)
