"""Filters that compare the two sides of a pair: length, copies, numbers, addresses."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.filters.pair_filter import PairColumns, PairFilter, TextPair
from seqloom.corpus.normalization import fold_text
from seqloom.corpus.text_column import CharacterClass

_RUN = re.compile(r"\d+")
_ADDRESS = re.compile(
    r"(?:https?|ftp)://[^\s<>\"']{1,2000}|www\.[^\s<>\"']{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    re.IGNORECASE,
)
_DECIMAL = CharacterClass(str.isdecimal)
_SHOWN = 3  # numbers or addresses named in a problem


@dataclass(frozen=True)
class LengthRatio(PairFilter):
    """The longer side has at most `limit` times the characters of the shorter one (Moses' clean-corpus-n)."""

    limit: float

    def suspects(self, columns: PairColumns) -> NDArray[np.bool_]:
        """Return which ratios `(N,)` are too high."""
        source, target = columns.source.lengths, columns.target.lengths
        too_high: NDArray[np.bool_] = np.maximum(source, target) > self.limit * np.minimum(source, target)
        return too_high

    def problem(self, pair: TextPair) -> str:
        """Return the ratio, if it is too high."""
        longer, shorter = sorted((len(pair.source), len(pair.target)), reverse=True)
        return f"{longer} to {shorter} characters" if longer > self.limit * shorter else ""


@dataclass(frozen=True)
class NoCopy(PairFilter):
    """The target is not the source again, whatever its case, spaces and punctuation."""

    def suspects(self, columns: PairColumns) -> NDArray[np.bool_]:
        """Return which pairs `(N,)` have one text on both sides."""
        sides = zip(columns.source.folded, columns.target.folded, strict=True)
        return np.fromiter((source == target for source, target in sides), bool, len(columns.pairs))

    def problem(self, pair: TextPair) -> str:
        """Return a problem if both sides are one text."""
        copied = pair.source == pair.target or fold_text(pair.source) == fold_text(pair.target)
        return "the target is the source" if copied else ""


@dataclass(frozen=True)
class NumbersMatch(PairFilter):
    """The digits of either side's numbers stand on the other side, too: at least `share` of them.

    Numbers of one digit may be words on the other side; signs between digits (1,000.5 and 1.000,5; 3/11 and 3.11.)
    do not count, nor do leading zeros. After OpusFilter's NonZeroNumeralsFilter.
    """

    share: float

    def suspects(self, columns: PairColumns) -> NDArray[np.bool_]:
        """Return which pairs `(N,)` have a digit."""
        return columns.source.has(_DECIMAL) | columns.target.has(_DECIMAL)

    def problem(self, pair: TextPair) -> str:
        """Return the numbers that one side alone has, if they are too many."""
        source, target = _runs(pair.source), _runs(pair.target)
        if source == target or "".join(source) == "".join(target):
            return ""
        ours, theirs = (Counter(run for run in runs if len(run) > 1) for runs in (source, target))
        more = max(_digits(ours), _digits(theirs))
        if more == 0 or _digits(ours & theirs) >= self.share * more:
            return ""
        return f"source alone has {_listed(ours - theirs)}, target alone {_listed(theirs - ours)}"


@dataclass(frozen=True)
class UrlsMatch(PairFilter):
    """URLs and e-mail addresses are the same on both sides, in any order."""

    def problem(self, pair: TextPair) -> str:
        """Return the addresses that one side alone has."""
        source, target = _addresses(pair.source), _addresses(pair.target)
        if source == target:
            return ""
        return f"source alone has {_listed(source - target)}, target alone {_listed(target - source)}"


def _runs(text: str) -> list[str]:
    """Return the digits of a text, run by run, as ASCII without leading zeros."""
    runs = _RUN.findall(text)
    if not text.isascii():
        runs = ["".join(str(unicodedata.digit(digit)) for digit in run) for run in runs]
    return [run.lstrip("0") or "0" for run in runs]


def _digits(runs: Counter[str]) -> int:
    return sum(len(run) * times for run, times in runs.items())


def _addresses(text: str) -> Counter[str]:
    if "@" not in text and "://" not in text and "www." not in text.lower():
        return Counter()
    return Counter(found.rstrip(".,;:!?)]}…。，").casefold() for found in _ADDRESS.findall(text))


def _listed(found: Counter[str]) -> str:
    return ", ".join(list(found)[:_SHOWN]) or "none"
