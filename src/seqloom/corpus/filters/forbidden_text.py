"""Filters by the user's own patterns and word lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seqloom.corpus.filters.pair_filter import TextFilter
from seqloom.corpus.list_file import read_list
from seqloom.corpus.text_column import TextColumn

_WORD = re.compile(r"\w+")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class NoPattern(TextFilter):
    """No side matches a regular expression anywhere.

    RE2 matches it, in time that grows with the length of the text alone; Python's engine may take hours for one row.
    """

    pattern: str

    def text_suspects(self, texts: TextColumn) -> NDArray[np.bool_]:
        """Return which texts `(N,)` match."""
        return self._matches(texts.texts)

    def text_problem(self, text: str) -> str:
        """Say so if a text matches."""
        return "matches" if self._matches([text])[0] else ""

    def _matches(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        matches = pc.match_substring_regex(pa.array(texts, pa.string()), self.pattern)
        found: NDArray[np.bool_] = matches.to_numpy(zero_copy_only=False)
        return found


@dataclass(frozen=True)
class NoWords(TextFilter):
    """No side has one of the words or phrases of a list, whatever their case."""

    words: frozenset[str]
    phrases: tuple[str, ...]  # of several words, or of a script without spaces: searched anywhere in the text

    def text_problem(self, text: str) -> str:
        """Return the first word found; never the text around it."""
        folded = text.casefold()
        if not self.words.isdisjoint(words := _WORD.findall(folded)):
            return f"has {next(word for word in words if word in self.words)}"
        return next((f"has {phrase}" for phrase in self.phrases if phrase in folded), "")


def read_words(location: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the words and the phrases of a list: one a line, empty lines and those that begin with # left out.

    Raises:
        UserError: the file is missing, empty, too large or not UTF-8.
    """
    entries = {entry.casefold() for entry in read_list(location, "corpus.filters no_words", "words")}
    words = frozenset(entry for entry in entries if _WORD.fullmatch(entry) and not _SPACELESS.search(entry))
    return words, tuple(sorted(entries - words))
