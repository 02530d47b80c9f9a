"""Filter by word alignment: how well the two sides of a pair fit, by a model of the corpus itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.corpus.filters.pair_filter import TextPair
from seqloom.corpus.word_alignment import WordAlignment


@dataclass(frozen=True)
class AlignmentScore:
    """The sides of a pair have an alignment score of at least `least`; pairs without a known word are kept."""

    least: float
    model: WordAlignment

    def problems(self, pairs: Sequence[TextPair]) -> list[str]:
        """Return for each pair its score, if it is too low."""
        scores = self.model.scores(pairs).tolist()
        return [f"alignment score {score:.2f}" if score < self.least else "" for score in scores]  # nan is not
