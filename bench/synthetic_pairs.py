"""Synthesised aligned text of any length: made-up words by Zipf's law, with the dirt of text from the web.

Of the pairs 8 % repeat an earlier one, and a hundredth each has markup, a number that the other side lacks, and a
target that is far too long.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHUNK = 50_000  # pairs drawn at once
WORDS = 50_000  # of a language
LENGTHS = (4, 21)  # words of a sentence: from, to below
REPEATED = 0.08
ALPHABETS = ("etaoinshrdlucmfwgypbvk", "enisratduhlcgmobwfkzüäöß")  # of source and target


def write_pairs(folder: Path, pairs: int, seed: int = 1) -> tuple[Path, Path]:
    """Write aligned files of `pairs` lines to `folder`, and return their paths."""
    paths = folder / "pairs.en", folder / "pairs.de"
    with paths[0].open("w", encoding="utf-8") as source, paths[1].open("w", encoding="utf-8") as target:
        for chunk in _chunks(pairs, seed):
            sources, targets = zip(*chunk, strict=True)
            source.writelines(sources)
            target.writelines(targets)
    return paths


def _chunks(pairs: int, seed: int) -> Iterator[list[tuple[str, str]]]:
    random = np.random.default_rng(seed)
    words = [_words(alphabet, np.random.default_rng(number)) for number, alphabet in enumerate(ALPHABETS)]
    shares = 1 / np.arange(10, WORDS + 10)
    shares /= shares.sum()
    earlier: list[tuple[str, str]] = []
    while pairs > 0:
        lengths = random.integers(*LENGTHS, CHUNK)
        sides = [_sentences(known, lengths, random, shares) for known in words]
        chunk = [_dirtied(number, *pair) for number, pair in enumerate(zip(*sides, strict=True))]
        earlier = earlier or chunk
        repeated = np.flatnonzero(random.random(CHUNK) < REPEATED).tolist()
        for at, other in zip(repeated, random.integers(0, CHUNK, len(repeated)).tolist(), strict=True):
            chunk[at] = earlier[other]
        yield chunk[:pairs]
        pairs -= CHUNK


def _words(alphabet: str, random: np.random.Generator) -> NDArray[np.object_]:
    letters = np.array(list(alphabet))[(random.geometric(0.09, (WORDS, 12)) - 1) % len(alphabet)]
    lengths = random.integers(2, 12, WORDS).tolist()
    return np.array(["".join(row[:length]) for row, length in zip(letters.tolist(), lengths, strict=True)], object)


def _sentences(
    known: NDArray[np.object_], lengths: NDArray[np.int64], random: np.random.Generator, shares: NDArray[np.float64]
) -> Iterator[str]:
    drawn = iter(known[random.choice(WORDS, int(lengths.sum()), p=shares)].tolist())
    for length in lengths.tolist():
        yield " ".join(islice(drawn, length)).capitalize()


def _dirtied(number: int, source: str, target: str) -> tuple[str, str]:
    match number % 100:
        case 0:
            source = f"<b>{source}</b>"
        case 1:
            source = f"{source} 1{number}"
        case 2:
            target = f"{target} {target} {target} {target} {target}"
        case 3 | 4 | 5:
            source, target = f"{source} {number}", f"{target} {number}"
    return f"{source}.\n", f"{target}.\n"
