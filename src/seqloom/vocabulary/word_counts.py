"""Text taken apart where no token crosses: it repeats its words, so each is cut and counted once for a chunk.

A unit is what stands between two spaces, with the mark before it; a word is what the splitter leaves of a unit.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from seqloom.corpus.normalization import normalize
from seqloom.vocabulary.pretokenization import BREAK, break_han_words, mark, splitter
from seqloom.vocabulary.special_tokens import MARK

END_OF_TEXT = "\x01"  # a unit of its own after each text; normalized text holds none
_SPLITTER = splitter()
_LAYOUT = re.compile(r"\s")  # in marked text, whose spaces are marks


def units_of(texts: Iterable[str], breaks_han: bool, keep: bool = False) -> list[str]:
    """Return the units of all texts, normalized and marked, one after another; `END_OF_TEXT` follows each text.

    With `keep` white space stays, and of what is no plain space each is a unit.
    """
    normal = [normalize(text, keep) for text in texts]
    marked = [mark(break_han_words(text)) for text in normal] if breaks_han else [mark(text) for text in normal]
    if keep:
        marked = [_LAYOUT.sub(rf"{BREAK}\g<0>{BREAK}", text) for text in marked]
    between = BREAK + END_OF_TEXT + BREAK
    units = between.join([*marked, ""]).replace(MARK, BREAK + MARK).split(BREAK)
    return [unit for unit in units if unit]


def count_for(kind: str, texts: Sequence[str], keep: bool = False) -> Counter[str]:
    """Occurrences of what a vocabulary of this kind is learned from: units of kind spaced, words of the others."""
    return _count_units(texts, False, keep) if kind == "spaced" else count_words(texts, kind == "word", keep)


def count_words(texts: Sequence[str], breaks_han: bool, keep: bool = False) -> Counter[str]:
    """Occurrences of each word: what the trainers of `tokenizers` would count themselves, slowly."""
    units = _count_units(texts, breaks_han, keep)
    words: Counter[str] = Counter()
    for unit, occurrences in units.items():
        for word, _ in _SPLITTER.pre_tokenize_str(unit):
            words[word] += occurrences
    return words


def _count_units(texts: Sequence[str], breaks_han: bool, keep: bool) -> Counter[str]:
    units = Counter(units_of(texts, breaks_han, keep))
    del units[END_OF_TEXT]
    return units
