"""The vocabulary stage: two tokenizers, how often each token occurs, and the figures people are shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyarrow.parquet import read_metadata

from seqloom.corpus.reading import iterate_split
from seqloom.progress import Progress
from seqloom.recipe import schema
from seqloom.vocabulary.special import SOURCE_FILE, SPECIAL_TOKENS, TARGET_FILE, UNKNOWN
from seqloom.vocabulary.training import BYTE_TOKENS, train_vocabulary
from seqloom.vocabulary.vocabulary import Vocabulary

COUNTS_FILE = "counts.parquet"  # side, id, token, count: on the training split
SIDES = ("source", "target")


@dataclass(frozen=True)
class Counts:
    """One split of one side, counted."""

    tokens: NDArray[np.int64]  # (V,) occurrences of each
    characters: int


def build_vocabulary(section: schema.Vocabulary, corpus: Path, folder: Path, progress: Progress) -> dict[str, Any]:
    """Learn the vocabularies from the training split, write them with their counts into `folder`, return the facts.

    A shared vocabulary is one, learned from both sides, written for each.

    Raises:
        UserMistake: the size has no room for the tokens that the kind always holds.
    """
    vocabularies = _learn(section, corpus, progress)
    for file, side in zip((SOURCE_FILE, TARGET_FILE), SIDES, strict=True):
        vocabularies[side].save(folder / file)
    counts = {side: _count(vocabularies[side], corpus, "train", side, progress) for side in SIDES}
    held_out = {side: _count(vocabularies[side], corpus, "validation", side, progress) for side in SIDES}
    pd.concat(_table(side, vocabularies[side], counts[side]) for side in SIDES).to_parquet(
        folder / COUNTS_FILE, index=False
    )
    return {
        "size": {side: len(vocabularies[side]) for side in SIDES},
        "tokens": {side: int(counts[side].tokens.sum()) for side in SIDES},
        "unknown": {side: _share(held_out[side].tokens[UNKNOWN], held_out[side].tokens.sum()) for side in SIDES},
        "tokens_per_character": {side: _share(counts[side].tokens.sum(), counts[side].characters) for side in SIDES},
        "longest": {side: _longest(vocabularies[side]) for side in SIDES},
    }


def load_vocabularies(folder: Path) -> tuple[Vocabulary, Vocabulary]:
    """Read the source and the target vocabulary of a finished stage."""
    return Vocabulary.load(folder / SOURCE_FILE), Vocabulary.load(folder / TARGET_FILE)


def _learn(section: schema.Vocabulary, corpus: Path, progress: Progress) -> dict[str, Vocabulary]:
    def texts(sides: tuple[str, ...]) -> Iterator[str]:
        for frame in _frames(corpus, "train", sides, progress, f"learning {' and '.join(sides)} tokens"):
            for side in sides:
                yield from frame[side].tolist()

    if section.shared:
        return dict.fromkeys(SIDES, train_vocabulary(lambda: texts(SIDES), section))
    return {side: train_vocabulary(partial(texts, (side,)), section) for side in SIDES}


def _count(vocabulary: Vocabulary, corpus: Path, split: str, side: str, progress: Progress) -> Counts:
    tokens, characters = np.zeros(len(vocabulary), np.int64), 0
    for frame in _frames(corpus, split, (side,), progress, f"counting {side} tokens of {split}"):
        texts = frame[side].tolist()
        tokens += vocabulary.count(texts)
        characters += sum(map(len, texts))
    return Counts(tokens, characters)


def _frames(corpus: Path, split: str, sides: tuple[str, ...], progress: Progress, note: str) -> Iterator[pd.DataFrame]:
    """The rows of a split, reported as they are done with."""
    done, rows = 0, read_metadata(corpus / f"{split}.parquet").num_rows
    for frame in iterate_split(corpus, split, columns=sides):
        yield frame
        done += len(frame)
        progress(done, rows, "rows", note)


def _table(side: str, vocabulary: Vocabulary, counts: Counts) -> pd.DataFrame:
    columns = {"side": side, "id": range(len(vocabulary)), "token": vocabulary.tokens, "count": counts.tokens}
    return pd.DataFrame(columns)


def _share(part: int, whole: int) -> float:
    return round(float(part / whole), 6) if whole else 0.0


def _longest(vocabulary: Vocabulary) -> list[str]:
    """The five longest tokens that were learned: what went wrong with the text shows here first."""
    learned = set(vocabulary.tokens) - {*SPECIAL_TOKENS, *BYTE_TOKENS}
    return sorted(learned, key=lambda token: (-len(token), token))[:5]
