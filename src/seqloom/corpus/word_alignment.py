"""Word translation probabilities of a corpus, learned from itself, and how well the sides of a pair fit by them.

IBM model 1 (Brown et al. 1993, "The Mathematics of Statistical Machine Translation") in both directions: a word of one
side is written by one of the words of the other, or by none of them. The score of a pair is the mean logarithm of how
much likelier its words are given the other side than by their frequency alone: about 0 for sides that were put together
by chance.

P positions of a batch, C cells: a position with one word of the other side.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = tuple[str, str]

_WORD = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|"
    r"[^\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)
"""A word of a script with spaces, or a letter of one without."""
_WORDS = 60  # of a text that are looked at
CELLS = 4_000_000  # of a corpus, at most: some 60 bytes of memory each while it is learned
_ROUNDS = 5  # of expectation maximization
_RARE = 1  # occurrences in the sample: a word, or two words together, that is seen no more often tells nothing
_BY_CHANCE = 0.1  # share of a word's probability that is its frequency alone
_NONE = 0  # the word that stands for none of the other side


def words_in(text: str) -> list[str]:
    """Return the first words of a text, in lower case."""
    return _WORD.findall(text.lower())[:_WORDS]


class _Words(NamedTuple):
    """Ids of the known words of texts: of all texts one after the other, and how many each has."""

    ids: Ints
    lengths: Ints


@dataclass(frozen=True)
class _Direction:
    """Probabilities of the words of one side given those of the other."""

    keys: Ints  # given * written words + written, sorted
    probabilities: Floats
    frequencies: Floats  # of each written word

    def logarithms(self, given: _Words, written: _Words) -> Floats:
        """Return for each text the mean logarithm over its written words; nan where none is known."""
        rows = np.repeat(np.arange(len(written.lengths)), written.lengths)
        position, word = _cells(given, written)
        wanted = word * len(self.frequencies) + written.ids[position]
        places = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        found = np.where(self.keys[places] == wanted, self.probabilities[places], 0.0)
        by_words = np.bincount(position, found, minlength=len(rows)) / (given.lengths[rows] + 1)
        by_chance = self.frequencies[written.ids]
        gains = np.log((1 - _BY_CHANCE) * by_words / by_chance + _BY_CHANCE)
        with np.errstate(invalid="ignore"):
            return np.bincount(rows, gains, minlength=len(written.lengths)) / written.lengths


def _cells(given: _Words, written: _Words) -> tuple[Ints, Ints]:
    """Return for each cell `(C,)` its position among the written words, and its word of the other side."""
    rows = np.repeat(np.arange(len(written.lengths)), written.lengths)  # (P,)
    ends = np.cumsum(given.lengths + 1)
    padded = np.insert(given.ids, np.cumsum(given.lengths) - given.lengths, _NONE)  # each text begins with none
    sizes = (given.lengths + 1)[rows]
    position = np.repeat(np.arange(len(rows)), sizes)
    starts = (ends - given.lengths - 1)[rows] - (np.cumsum(sizes) - sizes)
    return position, padded[np.arange(len(position)) + np.repeat(starts, sizes)]


@dataclass(frozen=True)
class WordAlignment:
    """IBM model 1 of a corpus, in both directions."""

    vocabularies: tuple[dict[str, int], dict[str, int]]  # of source and target: ids from 1 on
    directions: tuple[_Direction, _Direction]  # the target given the source, and the other way round

    @classmethod
    def fit(cls, pairs: Iterable[Texts], most: int = CELLS) -> Self:
        """Learn from the first pairs, of `most` cells; the same pairs give the same model."""
        sides: tuple[list[list[str]], list[list[str]]] = ([], [])
        cells = 0
        for pair in pairs:
            for side, text in zip(sides, pair, strict=True):
                side.append(words_in(text))
            cells += (len(sides[0][-1]) + 1) * (len(sides[1][-1]) + 1)
            if cells > most:
                break
        first, second = map(_vocabulary, sides)
        source, target = _known(sides[0], first), _known(sides[1], second)
        return cls((first, second), (_learned(source, target, len(second)), _learned(target, source, len(first))))

    def scores(self, pairs: Sequence[Texts]) -> Floats:
        """Return the score of each pair, that of the worse direction; nan where no word of a side is known."""
        source, target = (_known([words_in(pair[side]) for pair in pairs], self.vocabularies[side]) for side in (0, 1))
        forward, backward = self.directions
        worse: Floats = np.minimum(forward.logarithms(source, target), backward.logarithms(target, source))
        return worse.round(6)  # processors differ in the last digits of a logarithm

    def save(self, path: Path) -> None:
        """Write the model to one file; the same model gives the same bytes."""
        words = {
            f"words{side}": np.frombuffer("\n".join(ids).encode(), np.uint8)
            for side, ids in enumerate(self.vocabularies)
        }
        tables = {f"{name}{side}": value for side, of in enumerate(self.directions) for name, value in vars(of).items()}
        save_file({**words, **tables}, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        tables = load_file(path)
        words = (tables[f"words{side}"].tobytes().decode().split("\n") for side in (0, 1))
        first, second = ({word: at for at, word in enumerate(of, 1) if word} for of in words)
        forward, backward = (
            _Direction(tables[f"keys{side}"], tables[f"probabilities{side}"], tables[f"frequencies{side}"])
            for side in (0, 1)
        )
        return cls((first, second), (forward, backward))


def _vocabulary(texts: Iterable[Sequence[str]]) -> dict[str, int]:
    counts = Counter(word for words in texts for word in words)
    return {word: at for at, word in enumerate(sorted(word for word, count in counts.items() if count > _RARE), 1)}


def _known(texts: Sequence[Sequence[str]], ids: dict[str, int]) -> _Words:
    found = [[ids[word] for word in words if word in ids] for words in texts]
    lengths = np.fromiter(map(len, found), np.int64, len(found))
    return _Words(np.fromiter((each for of in found for each in of), np.int64, int(lengths.sum())), lengths)


def _learned(given: _Words, written: _Words, words: int) -> _Direction:
    """Learn the probabilities of `words` written words by expectation maximization, from equal ones."""
    position, word = _cells(given, written)
    keys, entry, times = np.unique(word * (words + 1) + written.ids[position], return_inverse=True, return_counts=True)
    of_word = keys // (words + 1)
    chance = np.ones(len(keys))
    for _ in range(_ROUNDS):
        likely = chance[entry]
        likely /= np.bincount(position, likely, minlength=len(written.ids))[position]
        expected = np.bincount(entry, likely, minlength=len(keys))
        chance = expected / np.bincount(of_word, expected)[of_word]
    kept = (times > _RARE) | (of_word == _NONE)
    counts = np.bincount(written.ids, minlength=words + 1)
    return _Direction(keys[kept], chance[kept], np.maximum(counts, 1) / max(1, counts.sum()))
