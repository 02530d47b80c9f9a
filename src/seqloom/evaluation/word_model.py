"""The n-gram model of words that a language model of any vocabulary has to beat: it can write every text.

A word is what stands between two spaces, or a letter of a script without spaces, or the end of a line. One that was
never seen has the chance that the n-grams leave to it, times that of its spelling, by n-grams of characters in the
words that were seen; so it compares with models that spell, too.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import regex

from seqloom.corpus.running_text import LINE_END
from seqloom.evaluation.unicode_scripts import LETTERS
from seqloom.evaluation.word_segmentation import ALONE
from seqloom.vocabulary.kneser_ney import UNSEEN, Ids, KneserNey, SpellingModel

ORDER = 5  # words
_WORD = regex.compile(rf"{ALONE}|[^\s{LETTERS}]+")


def cut(running: str) -> list[str]:
    """The words of running text, the ends of lines among them."""
    words: list[str] = _WORD.findall(running)
    return words


class WordModel:
    """Learned from passages that follow each other."""

    def __init__(self, passages: Iterable[str]) -> None:
        words = [word for passage in passages for word in cut(passage)]
        self.numbers = _numbered(words)
        self.words = list(self.numbers)
        self.of_words = KneserNey(_ids(words, self.numbers), len(self.numbers), ORDER)
        self.spelling = SpellingModel(self.words)

    def log_probabilities(self, passages: Sequence[str]) -> list[float]:
        """Of each passage, in nats, given those before it; before the first one a line ends."""
        cuts = [cut(passage) for passage in passages]
        words = [LINE_END, *(word for passage in cuts for word in passage)]
        ids = _ids(words, self.numbers)
        likely = self.of_words.log_probabilities(ids)
        for place in np.flatnonzero(ids == UNSEEN).tolist():
            likely[place] += self.spelling.log_probability(words[place])
        ends = np.cumsum([1, *map(len, cuts)])
        sums = np.concatenate([[0.0], np.cumsum(likely)])
        figures: list[float] = (sums[ends[1:]] - sums[ends[:-1]]).tolist()
        return figures

    def write(self, passage: str, words: int, random: np.random.Generator) -> str:
        """So many words that follow a passage, drawn by their probabilities."""
        text = _ids([LINE_END, *cut(passage)], self.numbers)[-ORDER:]
        for _ in range(words):
            text = np.append(text, self.of_words.draw(text, random))
        return " ".join(self.words[number] for number in text[-words:].tolist())


def _numbered(items: Iterable[str]) -> dict[str, int]:
    return {item: number for number, item in enumerate(dict.fromkeys(items))}


def _ids(items: Iterable[str], numbers: dict[str, int]) -> Ids:
    return np.array([numbers.get(item, UNSEEN) for item in items], dtype=np.int64)
