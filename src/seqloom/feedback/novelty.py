"""Novelty of a text: the share of its character trigrams that no training text has."""

from collections.abc import Iterable, Iterator

from seqloom.corpus.normalization import fold_text

TRIGRAM = 3


class Novelty:
    """The trigrams of the training texts, without case, spaces and punctuation."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Read the texts that a model has learned from."""
        self._known: set[str] = set()
        for text in texts:
            self._known.update(_trigrams(text))

    def of(self, text: str) -> float:
        """Return the share, 0 to 1; 0 of a text without letters."""
        found = list(_trigrams(text))
        return sum(each not in self._known for each in found) / len(found) if found else 0.0


def _trigrams(text: str) -> Iterator[str]:
    folded = fold_text(text)
    return (folded[start : start + TRIGRAM] for start in range(max(1, len(folded) - TRIGRAM + 1)) if folded)
