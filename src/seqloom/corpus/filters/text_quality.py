"""Filters of single texts: length, markup, invisible characters, letters and scripts, repetition."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import regex
from numpy.typing import NDArray

from seqloom.corpus.filters.pair_filter import PairColumns, TextFilter
from seqloom.corpus.text_column import CharacterClass, TextColumn
from seqloom.recipe.language_tags import COMBINED_SCRIPTS

_MARKUP = re.compile(
    r"</?[A-Za-z][\w:-]{0,40}(?:\s[^<>]{0,500})?/?>|<!--|&(?:[A-Za-z]{2,30}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});"
)
_JOINERS = "\u200c\u200d"  # Persian, Hindi and emoji are misspelt without them
_LAYOUT = "\n\t\r\x0b\x0c\x85"  # of text whose white space is kept
_INVISIBLE = regex.compile(rf"[[\p{{Cc}}\p{{Cf}}\p{{Co}}\p{{Cn}}\ufffd]--[{_JOINERS}{_LAYOUT}]]", regex.VERSION1)
_FEWEST = 4  # n-grams: a shorter text repeats nothing
_LONG_WORDS = 15  # characters of a mean word: from here on, n-grams are of characters
_CHARACTERS = 4  # of such an n-gram


@dataclass(frozen=True)
class MinCharacters(TextFilter):
    """A text has at least `least` characters."""

    least: float

    def text_suspects(self, texts: TextColumn) -> NDArray[np.bool_]:
        """Return which texts `(N,)` are too short."""
        return texts.lengths < self.least

    def text_problem(self, text: str) -> str:
        """Return the length of a text that is too short."""
        return f"{len(text)} characters" if len(text) < self.least else ""


@dataclass(frozen=True)
class MaxWords(TextFilter):
    """A text has at most `most` words between spaces."""

    most: float

    def text_suspects(self, texts: TextColumn) -> NDArray[np.bool_]:
        """Return which texts `(N,)` have enough white space for too many words."""
        return texts.counts(_SPACE) + 1 > self.most

    def text_problem(self, text: str) -> str:
        """Return the number of words of a text with too many."""
        words = len(text.split()) if len(text) > self.most else 0
        return f"{words} words" if words > self.most else ""


@dataclass(frozen=True)
class NoHtml(TextFilter):
    """A text has no tags, comments and character references of HTML or XML."""

    def text_suspects(self, texts: TextColumn) -> NDArray[np.bool_]:
        """Return which texts `(N,)` have a character that markup begins with."""
        return texts.has(_MARKUP_BEGIN)

    def text_problem(self, text: str) -> str:
        """Return the first piece of markup."""
        if "<" not in text and "&" not in text:
            return ""
        found = _MARKUP.search(text)
        return f"markup {found[0][:40]}" if found else ""


@dataclass(frozen=True)
class NoInvisibleCharacters(TextFilter):
    """A text has no zero-width, bidirectional, private and unassigned characters, soft hyphens or U+FFFD.

    The joiners U+200C and U+200D are part of the spelling of several languages, and pass.
    """

    def text_suspects(self, texts: TextColumn) -> NDArray[np.bool_]:
        """Return which texts `(N,)` have such a character."""
        return texts.has(_UNSEEN)

    def text_problem(self, text: str) -> str:
        """Return the first such character."""
        found = None if text.isascii() and text.isprintable() else _INVISIBLE.search(text)
        if found is None:
            return ""
        return f"U+{ord(found[0]):04X} {unicodedata.name(found[0], '')}".strip()


@dataclass(frozen=True)
class LetterShare(TextFilter):
    """At least `share` of the characters that are not spaces are letters, or marks of them."""

    share: float

    def text_suspects(self, texts: TextColumn) -> NDArray[np.bool_]:
        """Return which texts `(N,)` have too few letters."""
        too_few: NDArray[np.bool_] = texts.counts(_LETTER) < self.share * (texts.lengths - texts.counts(_SPACE))
        return too_few

    def text_problem(self, text: str) -> str:
        """Return the share, if it is too low."""
        shown = len(text) - sum(map(str.isspace, text))
        letters = sum(map(str.isalpha, text)) if text.isascii() else len(_letters().findall(text))
        return f"{letters / shown:.0%} letters" if shown and letters < self.share * shown else ""


@dataclass(frozen=True)
class ScriptShare(TextFilter):
    """At least `share` of the letters are of the script, given by its code in ISO 15924, of each side."""

    share: float
    scripts: tuple[str, ...]  # of each of `sides`

    def suspects(self, columns: PairColumns) -> NDArray[np.bool_]:
        """Return which pairs `(N,)` have a side with too few letters of its script."""
        found = np.zeros(len(columns.pairs), bool)
        for side, script in zip(self.sides, self.scripts, strict=True):
            texts = getattr(columns, side)
            found |= texts.counts(_letters_of(script)) < self.share * texts.counts(_LETTER)
        return found

    def text_problem(self, text: str) -> str:
        """Not called: the script depends on the side."""
        raise NotImplementedError

    def problem(self, pair: tuple[str, str]) -> str:
        """Return the first side with too few letters of its script."""
        for side, script in zip(self.sides, self.scripts, strict=True):
            text = pair[side == "target"]
            letters, own = _counts(text, script)
            if own < self.share * letters:
                return f"{side}: {own / letters:.0%} of the letters are {script}"
        return ""


@dataclass(frozen=True)
class RepeatedNgrams(TextFilter):
    """At most `share` of a text's pairs of words have come before in it; without spaces, of its 4-character runs."""

    share: float

    def text_problem(self, text: str) -> str:
        """Return the share, if it is too high."""
        words = text.split()
        if len(text) > _LONG_WORDS * len(words):
            grams = [text[at : at + _CHARACTERS] for at in range(len(text) - _CHARACTERS + 1)]
            total, distinct = len(grams), len(set(grams))
        else:
            total, distinct = len(words) - 1, len(set(pairwise(words)))
        repeated = total - distinct
        if total < _FEWEST or repeated <= self.share * total:
            return ""
        return f"{repeated / total:.0%} of its parts are repeated"


def _counts(text: str, script: str) -> tuple[int, int]:
    """Return the number of letters, and of those of the script."""
    if text.isascii():
        letters = sum(map(str.isalpha, text))
        return letters, letters if script == "Latn" else 0
    return len(_letters().findall(text)), len(_of_script(script).findall(text))


@cache
def _letters() -> "regex.Pattern[str]":
    return regex.compile(r"[\p{L}\p{M}]")


@cache
def _of_script(script: str) -> "regex.Pattern[str]":
    """Return a pattern of the letters of a script, and of the marks that have none of their own."""
    names = sorted(COMBINED_SCRIPTS.get(script, {script}))
    scripts = "".join(rf"\p{{scx={name}}}" for name in names)
    return regex.compile(rf"[[\p{{L}}\p{{M}}]&&[{scripts}\p{{Zinh}}]]", regex.VERSION1)


def _is_letter(character: str) -> bool:
    return character.isalpha() if character.isascii() else _letters().match(character) is not None


@cache
def _letters_of(script: str) -> CharacterClass:
    return CharacterClass(lambda character: _counts(character, script)[1] > 0)


_SPACE = CharacterClass(str.isspace)
_LETTER = CharacterClass(_is_letter)
_MARKUP_BEGIN = CharacterClass("<&".__contains__)
_UNSEEN = CharacterClass(lambda character: _INVISIBLE.match(character) is not None)
