"""Segments of a text: its sentences, and clauses or words of a sentence that is too long.

Sentences are found by sentencex (https://github.com/wikimedia/sentencex, MIT), rules for some 300 languages.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seqloom.errors import UserError

_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|(?<=[、，；：،؛])\s*")
_SPACE = re.compile(r"\s+")
_GOES_ON = re.compile(r"(?:.*\s)?[^\w\s]?(?:[^\W\d_]|\d{1,3})\.", re.DOTALL)  # an initial, a day, the number in a list
_SPACELESS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
)
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Segment:
    """A part of a text without white space around it, and the white space behind."""

    text: str
    gap: str
    is_sentence: bool = True  # or part of one


def segments_of(text: str, language: str, fits: Callable[[str], bool]) -> list[Segment]:
    """Return the sentences of a text, and of those that do not fit parts that do; empty for white space alone.

    `language` is an ISO 639 code, or empty. White space before the first is left out.

    Raises:
        UserError: sentencex is not installed.
    """
    found: list[Segment] = []
    for sentence in _sentences(text, language):
        parts = list(_parts(sentence, fits))
        for part in parts:
            core = part.strip()
            before, _, behind = part.partition(core) if core else (part, "", "")
            if found:
                found[-1] = replace(found[-1], gap=found[-1].gap + before)
            if core:
                found.append(Segment(core, behind, len(parts) == 1))
    return found


def join(texts: Sequence[str], gaps: Sequence[str]) -> str:
    """Return texts with the gap behind each but the last; where words have spaces between them no gap is empty.

    Where neither text has them there, as in Chinese, a single space is left out.
    """
    whole = texts[0]
    for gap, text in zip(gaps, texts[1:], strict=False):
        if whole and text and gap in ("", " "):
            spaceless = _SPACELESS.match(whole[-1]) and _SPACELESS.match(text[0])
            gap = "" if spaceless else " "
        whole += gap + text
    return whole


def _sentences(text: str, language: str) -> Iterator[str]:
    """Yield the sentences of each line, with the white space behind them."""
    waiting = ""
    for line in text.splitlines(keepends=True):
        for sentence in _segment(language, line):
            waiting += sentence
            if not waiting.isspace() and not _GOES_ON.fullmatch(waiting.strip()):
                yield waiting
                waiting = ""
        if waiting and not waiting.isspace():
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def _segment(language: str, line: str) -> Sequence[str]:
    try:
        import sentencex
    except ImportError:
        raise UserError(
            "decoding.long_texts sentences needs sentencex: pip install sentencex, or set it to cut"
        ) from None
    found: Any = sentencex.segment(language.partition("-")[0], line)
    return found if "".join(found) == line else [line]


def _parts(sentence: str, fits: Callable[[str], bool]) -> Iterator[str]:
    """Yield the fewest halves of halves that fit, cut between clauses, else words, else characters."""
    core = sentence.strip()
    if len(core) < 2 or fits(core):
        yield sentence
        return
    cut = _cut(sentence)
    yield from _parts(sentence[:cut], fits)
    yield from _parts(sentence[cut:], fits)


def _cut(sentence: str) -> int:
    """Return the place next to the middle where a sentence is cut."""
    first = len(sentence) - len(sentence.lstrip()) + 1
    last = len(sentence.rstrip())
    middle = (first + last) // 2
    for boundary in (_CLAUSE, _SPACE):
        places: list[int] = [
            found.end() for found in boundary.finditer(sentence, first, last) if first <= found.end() < last
        ]
        if places:
            return min(places, key=lambda place: abs(place - middle))
    alone = (at for at in range(middle, last) if not _belongs_to_the_one_before(sentence[at]))
    return next(alone, middle)


def _belongs_to_the_one_before(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character).startswith("M")
