"""How far one corpus is from another: which rows came, and which went."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus import SPLITS
from seqloom.corpus.corpus_files import iterate_split

EXAMPLES = 5

Pair = tuple[str, str]  # source, target


@dataclass(frozen=True)
class Change:
    """Rows are pairs, whatever split they are in; one that was edited went and came."""

    before: int  # rows
    added: int
    removed: int
    added_examples: list[Pair]
    removed_examples: list[Pair]

    @property
    def share(self) -> float:
        """Rows that came or went, of all that are in either corpus: 0 where nothing changed, 1 where everything did."""
        return (self.added + self.removed) / max(1, self.before + self.added)


def change_between(before: Path, after: Path) -> Change:
    """Compare two finished corpora; a row takes eight bytes of memory for each."""
    old, new = _digests(before), _digests(after)
    added, removed = np.setdiff1d(new, old, assume_unique=True), np.setdiff1d(old, new, assume_unique=True)
    return Change(
        before=len(old),
        added=len(added),
        removed=len(removed),
        added_examples=_find(after, added[:EXAMPLES]),
        removed_examples=_find(before, removed[:EXAMPLES]),
    )


def _digests(folder: Path) -> NDArray[np.uint64]:
    """Each row once: a corpus to be learned by heart has it in every split."""
    return np.unique(np.fromiter((digest for digest, _ in _rows(folder)), np.uint64))


def _find(folder: Path, digests: NDArray[np.uint64]) -> list[Pair]:
    wanted = set(digests.tolist())
    return list(dict.fromkeys(pair for digest, pair in _rows(folder) if digest in wanted)) if wanted else []


def _rows(folder: Path) -> Iterator[tuple[int, Pair]]:
    """Each pair with its digest."""
    for split in SPLITS:
        for table in iterate_split(folder, split):
            for pair in zip(table["source"], table["target"], strict=True):
                yield int.from_bytes(hashlib.blake2b("\n".join(pair).encode(), digest_size=8).digest()), pair
