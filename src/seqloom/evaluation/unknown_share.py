"""Slices of a test split by the share of a source's tokens that the vocabulary does not know."""

from collections.abc import Callable, Sequence

from seqloom.evaluation.test_slices import Slice
from seqloom.vocabulary.special_tokens import UNKNOWN
from seqloom.vocabulary.vocabulary import Vocabulary

MUCH = 0.1  # of the tokens, from which a source counts as largely unknown

UnknownShares = Callable[[Sequence[str]], list[float]]
"""Return the share of unknown tokens of each text, 0 to 1."""


def unknown_shares(vocabulary: Vocabulary, texts: Sequence[str]) -> list[float]:
    """Return the share of unknown tokens of each text; 0 for a text without tokens."""
    return [ids.count(UNKNOWN) / max(len(ids), 1) for ids in vocabulary.encode(texts)]


def unknown_share_slices(shares: Sequence[float]) -> list[Slice]:
    """Return up to three slices; none where every token is known, as with subwords."""
    if not any(shares):
        return []
    names = {
        "every token known": [row for row, share in enumerate(shares) if share == 0.0],
        f"up to {MUCH:.0%} of the tokens unknown": [row for row, share in enumerate(shares) if 0.0 < share <= MUCH],
        f"over {MUCH:.0%} of the tokens unknown": [row for row, share in enumerate(shares) if share > MUCH],
    }
    return [Slice(name, rows, "unknown") for name, rows in names.items() if rows]
