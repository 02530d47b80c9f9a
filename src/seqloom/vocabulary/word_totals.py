"""Word counts of text of any length, in bounded memory.

Up to `HELD` distinct words are counted in memory. Beyond, partial counts are spilled to the disk by a hash of the word,
and summed one partition at a time. The trainers of `tokenizers` hold every word that they are given, so beyond
`TRAINED` distinct words they are given the most frequent ones.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seqloom.vocabulary.word_counts import count_characters

HELD = 500_000  # distinct words of a side in memory, some 60 MB
PARTITIONS = 64
TRAINED = 1_000_000  # distinct words that a trainer is given, with which it takes some 900 MB
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class TrainingWords(NamedTuple):
    """Word counts that a vocabulary is trained on; where some words are left out, their number and all characters."""

    words: Mapping[str, int]
    characters: Mapping[str, int] | None = None  # occurrences in all words, where `words` lacks some
    left_out: int = 0  # distinct words


class WordTotals:
    """Occurrences of each word of a growing text."""

    def __init__(self, stem: Path) -> None:
        """Take the beginning of the paths of the files to spill to, in a folder that the caller removes."""
        self._stem = stem
        self._held: Counter[str] = Counter()
        self._files: list[Path] = []

    def add(self, words: Mapping[str, int]) -> None:
        """Add the counts of a piece of the text."""
        self._held.update(words)
        if len(self._held) > HELD:
            self._spill()

    def _spill(self) -> None:
        """Write what is held to a file, a record batch for each partition."""
        words = np.array(list(self._held), object)
        hashes = _hashes(words)
        order = np.argsort(hashes)
        counts = np.fromiter(self._held.values(), np.int64, len(words))
        batch = pa.record_batch({"word": pa.array(words[order], pa.string()), "count": counts[order]})
        starts = np.array([partition * 2**64 // PARTITIONS for partition in range(PARTITIONS)], np.uint64)
        edges = [*np.searchsorted(hashes[order], starts).tolist(), len(words)]
        path = self._stem.with_name(f"{self._stem.name}-{len(self._files)}.arrow")
        with pa.ipc.new_file(path, batch.schema, options=_OPTIONS) as writer:
            for first, last in pairwise(edges):
                writer.write_batch(batch.slice(first, last - first))
        self._files.append(path)
        self._held.clear()

    def _partial(self, partition: int) -> Iterator[pa.RecordBatch]:
        for path in self._files:
            with pa.memory_map(str(path)) as file:
                yield pa.ipc.open_file(file).get_batch(partition)

    @staticmethod
    def summed(totals: "Sequence[WordTotals]") -> Iterator[Mapping[str, int]]:
        """Yield the counts of all totals together, in parts that share no word."""
        if not any(one._files for one in totals):
            held, *others = (one._held for one in totals)
            if others:
                held = Counter(held)
            for other in others:
                held.update(other)
            yield held
            return
        for one in totals:
            if one._held:
                one._spill()
        for partition in range(PARTITIONS):
            batches = [batch for one in totals for batch in one._partial(partition)]
            table = pa.Table.from_batches(batches).group_by("word", use_threads=False).aggregate([("count", "sum")])
            yield dict(zip(table["word"].to_pylist(), table["count_sum"].to_pylist(), strict=True))


def training_words(totals: Sequence[WordTotals], size: int) -> TrainingWords:
    """Return the words of all totals together, or the `TRAINED` most frequent ones if there are more.

    Of those that occur as often as the rarest that there is room for, the ones with the lowest hashes are taken, so
    that the number of partitions changes nothing. A vocabulary of `size` words is given twice as many at least.
    """
    numbers: Counter[int] = Counter()  # of distinct words, by occurrences
    characters: Counter[str] = Counter()
    room = max(TRAINED, 2 * size)
    taken: dict[str, int] = {}
    for words in WordTotals.summed(totals):
        numbers.update(words.values())
        if numbers.total() <= room:
            taken.update(words)
    if numbers.total() <= room:
        return TrainingWords(taken)
    taken.clear()
    least, above = _least(numbers, room)
    tied: list[str] = []
    for words in WordTotals.summed(totals):
        characters.update(count_characters(words))
        taken.update((word, occurrences) for word, occurrences in words.items() if occurrences > least)
        tied += _lowest([word for word, occurrences in words.items() if occurrences == least], room - above - len(tied))
    return TrainingWords(taken | dict.fromkeys(tied, least), characters, numbers.total() - room)


def _least(numbers: Mapping[int, int], room: int) -> tuple[int, int]:
    """Return the occurrences of the rarest words that there is room for, and how many words occur more often."""
    above = 0
    for occurrences in sorted(numbers, reverse=True):
        if above + numbers[occurrences] > room:
            return occurrences, above
        above += numbers[occurrences]
    raise AssertionError("there is room for all")


def _lowest(words: list[str], room: int) -> list[str]:
    """Return the words with the lowest hashes, in their order; partitions follow each other in that order too."""
    keys = _hashes(np.array(words, object))
    return [words[place] for place in np.argsort(keys)[:room].tolist()]


def _hashes(words: NDArray[np.object_]) -> NDArray[np.uint64]:
    """Return a hash of each word, the same everywhere."""
    from pandas.util import hash_array

    hashes: NDArray[np.uint64] = hash_array(words, categorize=False)
    return hashes
