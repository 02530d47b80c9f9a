"""Deterministic sampling of rows by a digest of their text, independent of their order."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd


def sample_by_text(table: pd.DataFrame, size: int) -> pd.DataFrame:
    """Return the `size` rows of a split with the lowest digests of their text, in order; all if there are fewer.

    The first rows of a sorted file might all have one label, and every n-th row of a periodic one too; digests give
    the same sample for any order.
    """
    if len(table) <= size:
        return table
    texts = table["source"] + "\t" + table["target"]
    digests = [digest_of_text(text) for text in texts.tolist()]
    chosen = np.argsort(np.array(digests, dtype=np.uint64), kind="stable")[:size]
    return table.iloc[np.sort(chosen)]


def sample_of_texts(texts: Sequence[str], rows: Iterable[int], size: int) -> list[int]:
    """Return the `size` of some rows with the lowest digests of their texts, in order; all if there are fewer.

    Equal texts are told apart by how many stand before them, so other rows that come or go move none.
    """
    before = occurrences(texts)
    return sorted(sorted(rows, key=lambda row: digest_of_text(f"{before[row]}\t{texts[row]}"))[:size])


def occurrences(texts: Iterable[str]) -> list[int]:
    """Return how many texts before each are equal to it."""
    seen = Counter[str]()
    found = []
    for text in texts:
        found.append(seen[text])
        seen[text] += 1
    return found


def digest_of_text(text: str) -> int:
    """Return a 64-bit digest of the text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8, person=b"sample").digest())
