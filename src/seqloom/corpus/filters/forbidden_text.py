"""Filters by the user's own patterns and word lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seqloom.corpus.filters.pair_filter import TextFilter
from seqloom.corpus.text_column import TextColumn
from seqloom.errors import UserError

_WORD = re.compile(r"\w+")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LARGEST = 10_000_000  # bytes of a word list


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
    path = Path(location)
    field = f"{location}: corpus.filters no_words:"
    if not path.is_file():
        raise UserError(f"{field} no such file (looked in {Path.cwd()}); correct it")
    if path.stat().st_size > _LARGEST:
        raise UserError(f"{field} a list has {_LARGEST:,} bytes at most; give a shorter one")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{field} byte {error.start:,} is not UTF-8; convert the file to UTF-8") from None
    entries = {" ".join(line.casefold().split()) for line in lines if not line.startswith("#")} - {""}
    if not entries:
        raise UserError(f"{field} has no words; write one a line")
    words = frozenset(entry for entry in entries if _WORD.fullmatch(entry) and not _SPACELESS.search(entry))
    return words, tuple(sorted(entries - words))
