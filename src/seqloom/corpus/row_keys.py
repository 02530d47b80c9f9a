"""Keys of 8 bytes, by which rows are compared with each other."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pandas.util import hash_array

from seqloom.corpus.pairs import SplitGroup


def key_of(text: str) -> bytes:
    """Return the key of a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def key_of_pair(source: str, target: str) -> bytes:
    """Return the key of a pair, by which samples are drawn."""
    return key_of(f"{source}\n{target}")


def keys_of_texts(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Return a key of each text `(N,)`, to compare texts of one corpus (SipHash, Aumasson and Bernstein 2012)."""
    column = np.empty(len(texts), object)
    column[:] = texts
    return hash_array(column, categorize=False)


def keys_of_pairs(sources: NDArray[np.uint64], targets: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a key of each pair `(N,)` by those of its sides."""
    return sources * np.uint64(0x9E3779B97F4A7C15) + targets


def as_bytes(keys: NDArray[np.uint64]) -> list[bytes]:
    """Return each key as 8 bytes."""
    written = keys.astype(">u8").tobytes()
    return [written[at : at + 8] for at in range(0, len(written), 8)]


def keys_of_dialogue(group: SplitGroup) -> bytes:
    """Return the keys of the exchanges of a dialogue, one after the other."""
    return b"".join(sorted(set(map(key_of, group.dedup_keys))))
