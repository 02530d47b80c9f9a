"""Shares of the languages and the alphabets of texts, for the report of a corpus."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

from seqloom.corpus.filters.language_identification import identified_language

_SHOWN = 5  # languages and alphabets
OTHERS = "others"
_ONE = {"CJK": "Han", "HALFWIDTH": "Katakana"}
"""Alphabets whose letters begin with another word in Unicode's names."""


def language_shares(texts: Sequence[str]) -> dict[str, float]:
    """Return the share of each identified language, the most frequent first; texts too short to tell are left out."""
    return _shares(Counter(filter(None, map(identified_language, texts))))


def alphabet_shares(texts: Sequence[str]) -> dict[str, float]:
    """Return the share of each alphabet among the letters, by the first word of their names in Unicode."""
    letters = Counter("".join(texts))
    counts: Counter[str] = Counter()
    for letter, count in letters.items():
        if letter.isalpha():
            name = unicodedata.name(letter, "UNKNOWN").split()[0].split("-")[0]
            counts[_ONE.get(name, name.capitalize())] += count
    return _shares(counts)


def _shares(counts: Counter[str]) -> dict[str, float]:
    """Return the largest shares, and the rest as that of the others."""
    total = max(1, counts.total())
    shown = counts.most_common(_SHOWN)
    rest = counts.total() - sum(count for _, count in shown)
    return {name: count / total for name, count in [*shown, *([(OTHERS, rest)] if rest else [])]}
