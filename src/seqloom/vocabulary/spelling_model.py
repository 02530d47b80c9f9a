"""How likely an unknown word is spelt as it is: to say that it is unknown does not write it."""

from collections.abc import Iterable

import numpy as np

from seqloom.vocabulary.kneser_ney import UNSEEN, Figures, Ids, KneserNey

ORDER = 5  # characters
UNICODE = 0x110000  # characters that there could be share the chance of one that no word had
_END = " "  # of a word


class Spelling:
    """N-grams of the characters in words that are known, each word counted once: unknown ones look like rare ones."""

    def __init__(self, words: Iterable[str]) -> None:
        spelt = [character for word in words for character in word + _END] or [_END]
        self.letters = {letter: number for number, letter in enumerate(dict.fromkeys(spelt))}
        self.of_letters = KneserNey(self._ids(spelt), len(self.letters), ORDER)

    def log_probability(self, word: str) -> float:
        """Of these letters and an end, of all words, in nats."""
        ids = self._ids(_END + word + _END)
        likely: Figures = self.of_letters.log_probabilities(ids)[1:]
        unseen = int((ids == UNSEEN).sum())
        return float(likely.sum()) - unseen * float(np.log(UNICODE))

    def _ids(self, letters: Iterable[str]) -> Ids:
        return np.array([self.letters.get(letter, UNSEEN) for letter in letters], dtype=np.int64)
