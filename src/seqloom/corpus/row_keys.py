"""Keys of 8 bytes, by which rows are compared with each other."""

import hashlib

from seqloom.corpus.pairs import SplitGroup


def key_of(text: str) -> bytes:
    """Return the key of a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def key_of_pair(source: str, target: str, exchange: str) -> bytes:
    """Return the key by which duplicates are known: of the exchange of a dialogue, if it is one, else of both sides."""
    return key_of(exchange or f"{source}\n{target}")  # folded text is one line, so no two pairs look the same


def keys_of_dialogue(group: SplitGroup) -> bytes:
    """Return the keys of the exchanges of a dialogue, one after the other."""
    return b"".join(sorted(set(map(key_of, group.dedup_keys))))
