"""Kneser-Ney word n-gram model, the baseline of language models with any vocabulary.

A word is text between spaces, or a letter of a script without spaces, or a line's end. The probability of an unseen
word is that of the unknown word times that of its spelling, by a character n-gram model of the training words; so every
text has a probability, comparable with that of models with subwords or characters.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import regex

from seqloom.corpus.running_text import LINE_END
from seqloom.evaluation.metric_words import ALONE
from seqloom.evaluation.unicode_scripts import LETTERS
from seqloom.vocabulary.kneser_ney import UNSEEN, Ids, KneserNey, SpellingModel

ORDER = 5  # words
_WORD = regex.compile(rf"{ALONE}|[^\s{LETTERS}]+")


def split_words(running: str) -> list[str]:
    """Return the words of running text, line ends among them."""
    words: list[str] = _WORD.findall(running)
    return words


class WordModel:
    """A word n-gram model, learned from consecutive passages."""

    def __init__(self, passages: Iterable[str]) -> None:
        words = [word for passage in passages for word in split_words(passage)]
        self.numbers = _numbered(words)
        self.words = list(self.numbers)
        self.ngrams = KneserNey(_ids(words, self.numbers), len(self.numbers), ORDER)
        self.spelling = SpellingModel(self.words)

    def log_probabilities(self, passages: Sequence[str]) -> list[float]:
        """Return the log-probability of each passage given those before it, in nats; a line end precedes the first."""
        split = [split_words(passage) for passage in passages]
        words = [LINE_END, *(word for passage in split for word in passage)]
        ids = _ids(words, self.numbers)
        scores = self.ngrams.log_probabilities(ids)
        for index in np.flatnonzero(ids == UNSEEN).tolist():
            scores[index] += self.spelling.log_probability(words[index])
        ends = np.cumsum([1, *map(len, split)])
        sums = np.concatenate([[0.0], np.cumsum(scores)])
        totals: list[float] = (sums[ends[1:]] - sums[ends[:-1]]).tolist()
        return totals

    def write(self, passage: str, words: int, random: np.random.Generator) -> str:
        """Sample `words` words that continue a passage."""
        text = _ids([LINE_END, *split_words(passage)], self.numbers)[-ORDER:]
        for _ in range(words):
            text = np.append(text, self.ngrams.draw(text, random))
        return " ".join(self.words[number] for number in text[-words:].tolist())


def _numbered(items: Iterable[str]) -> dict[str, int]:
    return {item: number for number, item in enumerate(dict.fromkeys(items))}


def _ids(items: Iterable[str], numbers: dict[str, int]) -> Ids:
    return np.array([numbers.get(item, UNSEEN) for item in items], dtype=np.int64)
