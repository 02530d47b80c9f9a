"""Is one system better than another, or was it luck?  Paired bootstrap resampling.

Koehn 2004, https://aclanthology.org/W04-3250

N rows, K statistics of a row, R resamples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from seqloom.evaluation.scores import metric_of
from seqloom.evaluation.unicode_scripts import scored_as

RESAMPLES, SEED = 1000, 12345  # sacreBLEU's own, so that its command line gives the same probability
_ROWS_AT_ONCE = 1 << 23  # drawn into memory

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class SufficientStatistics:
    """What a metric counts in each row of one system, and how sums of it become a figure."""

    rows: Figures | csr_array  # (N, K)
    score: Callable[[Figures], float]  # of a sum (K,)

    @property
    def figure(self) -> float:
        """Of all rows."""
        return self.score(self.rows.sum(axis=0))

    def of(self, rows: Sequence[int]) -> float:
        """The figure of some rows."""
        return self.score(self.rows[list(rows)].sum(axis=0))


@dataclass(frozen=True)
class PairedBootstrap:
    """Two systems on the same rows."""

    champion: float
    challenger: float
    low: float  # 95 % of the resampled differences lie between these
    high: float
    chance: float  # probability of a difference between equals that is as large or larger

    @property
    def difference(self) -> float:
        """What the challenger has more."""
        return self.challenger - self.champion


def count(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], language: str, short: bool = False
) -> SufficientStatistics:
    """What `bleu` or `chrf` counts, by sacreBLEU; `short` as in `text_scores`."""
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    judge = metric_of(metric, scored_as(language, references), short)
    # sacreBLEU tells neither rows nor the interval of a difference by a public name; its version is pinned.
    rows = np.array(judge._extract_corpus_statistics(hypotheses, [references]), dtype=np.float64)
    return SufficientStatistics(rows, lambda sums: float(judge._compute_score_from_stats(sums.tolist()).score))


def mean_of(rows: Figures) -> SufficientStatistics:
    """A score that is the mean of a figure of each row `(N,)`."""
    return SufficientStatistics(np.stack([rows, np.ones_like(rows)], axis=1), lambda sums: float(sums[0] / sums[1]))


def exact_matches(hypotheses: Sequence[str], references: Sequence[str]) -> SufficientStatistics:
    """Which answers are the reference letter by letter; the figure is their share."""
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    return mean_of(np.array([float(text == wanted) for text, wanted in zip(hypotheses, references, strict=True)]))


def compare(champion: SufficientStatistics, challenger: SufficientStatistics) -> PairedBootstrap:
    """The difference, its interval and its probability, as sacreBLEU's paired bootstrap test computes it.

    But for one thing: a resample counts that is as far off as what was observed, and not only one that is farther. Of a
    system and itself none is farther, from which sacreBLEU concludes that they differ, with p = 0.001.
    """
    assert champion.rows.shape == challenger.rows.shape, "two systems answer the same rows"
    theirs, ours = (np.empty(RESAMPLES) for _ in range(2))
    for first, drawn in _resamples(champion.rows.shape[0]):
        for figures, counts in ((theirs, champion), (ours, challenger)):
            figures[first : first + len(drawn)] = [counts.score(sums) for sums in drawn @ counts.rows]
    differences = ours - theirs
    observed = abs(challenger.figure - champion.figure)
    sizes = np.abs(differences)
    chance = (np.sum(sizes - sizes.mean() >= observed) + 1) / (RESAMPLES + 1)
    low, high = np.quantile(differences, [0.025, 0.975])
    return PairedBootstrap(champion.figure, challenger.figure, float(low), float(high), float(chance))


def interval(counts: SufficientStatistics) -> tuple[float, float]:
    """Between these lie 95 % of the figures of resampled rows."""
    figures = [counts.score(sums) for _, drawn in _resamples(counts.rows.shape[0]) for sums in drawn @ counts.rows]
    low, high = np.quantile(figures, [0.025, 0.975])
    return float(low), float(high)


def _resamples(rows: int) -> Iterator[tuple[int, Figures]]:
    """How often each row is drawn `(r, N)`, some resamples at a time, and the number of the first of them."""
    random = np.random.default_rng(SEED)
    at_once = max(1, _ROWS_AT_ONCE // rows)
    for first in range(0, RESAMPLES, at_once):
        size = min(at_once, RESAMPLES - first)
        drawn = random.choice(rows, size=(size, rows), replace=True) + np.arange(size)[:, None] * rows
        yield first, np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows).astype(np.float64)
