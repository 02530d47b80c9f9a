"""Edit distance (Levenshtein 1966) of strings: error rates of symbols and characters, and the nearest source.

N rows. rapidfuzz counts the edits; jiwer, which tests compare with, counts them with it too.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import extractOne

from seqloom.evaluation.paired_bootstrap import SufficientStatistics
from seqloom.progress import Progress

SOURCES = 20_000  # training rows at most that a nearest source is looked for in: each test row is compared with all
_BETWEEN_REPORTS = 100  # test rows

Split = Callable[[str], Sequence[str]]
"""Cuts a string into the symbols of which errors are counted: `str.split`, or `list` for characters."""


def error_rate(answers: Sequence[str], alternatives: Sequence[Iterable[str]], split: Split) -> SufficientStatistics:
    """Return the statistics of the error rate: edits from the nearest reference of each row, by its symbols, `(N, 2)`.

    Insertions count, so that a rate may be above 1.
    """
    rows = [_edits(split(answer), map(split, right)) for answer, right in zip(answers, alternatives, strict=True)]
    return SufficientStatistics(np.array(rows, dtype=np.float64), lambda sums: float(sums[0] / max(sums[1], 1.0)))


def _edits(answer: Sequence[str], references: Iterable[Sequence[str]]) -> tuple[int, int]:
    """Return the edits from the nearest reference, and its symbols."""
    return min((Levenshtein.distance(answer, reference), len(reference)) for reference in references)


def nearest_by_edits(
    train_sources: Sequence[str], train_targets: Sequence[str], sources: Sequence[str], progress: Progress
) -> list[str]:
    """Answer with the target of the training source that fewest edits turn into the source, relative to their lengths.

    Ties: the first row wins. Of more than `SOURCES` training rows the first are read.
    """
    assert len(train_sources) == len(train_targets) > 0, "a target for each training source, and at least one"
    candidates, answers = list(train_sources[:SOURCES]), []
    for row, source in enumerate(sources):
        _, _, nearest = extractOne(source, candidates, scorer=Levenshtein.normalized_distance)
        answers.append(train_targets[nearest])
        if row % _BETWEEN_REPORTS == 0:
            progress(row, len(sources), "rows", "nearest baseline")
    return answers
