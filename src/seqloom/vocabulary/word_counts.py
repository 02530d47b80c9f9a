"""Word counts of text: the input of the trainers.

A unit is the text between two spaces, with the mark before it; a word is a piece of a unit that no token crosses. Words
repeat, so that each distinct unit is split only once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from seqloom.corpus.normalization import normalize
from seqloom.vocabulary.pretokenization import BREAK, mark, segment_han, splitter
from seqloom.vocabulary.special_tokens import MARK

END_OF_TEXT = "\x01"  # a unit of its own after each text; never part of normalized text
_SPLITTER = splitter()
_LETTERS = "A-Za-zªµºÀ-ÖØ-öø-ʯЀ-ҁҊ-ԯ"  # Latin and Cyrillic
_NOT_PLAIN = re.compile(rf"[^\x01-ʯЀ-ҁҊ-ԯ{MARK}]")
# Cuts as `splitter` does where no other letters are, in a fraction of its time.
_PIECES = re.compile(rf"{MARK}?[{_LETTERS}]+|{MARK}?[^{_LETTERS}{MARK}]|{MARK}")
# Single-spaced text of characters that normalization leaves alone and that no Han is among, for RE2.
_PLAIN = r"^[{0}]+( [{0}]+)*$".format(
    r"!-~\x{A1}-\x{2AF}\x{400}-\x{481}\x{48A}-\x{52F}\x{2010}-\x{2027}\x{20A0}-\x{20BF}"
)
_LAYOUT = re.compile(r"\s")  # in marked text, whose spaces are marks


def split_units(texts: Iterable[str], breaks_han: bool, keep: bool = False) -> list[str]:
    """Return the units of all texts, normalized and marked, with `END_OF_TEXT` after each text.

    With `keep` white space is kept, and each character of it other than a space is a unit.
    """
    normal = [normalize(text, keep) for text in texts]
    marked = [mark(segment_han(text)) for text in normal] if breaks_han else [mark(text) for text in normal]
    if keep:
        marked = [_LAYOUT.sub(rf"{BREAK}\g<0>{BREAK}", text) for text in marked]
    between = BREAK + END_OF_TEXT + BREAK
    units = between.join([*marked, ""]).replace(MARK, BREAK + MARK).split(BREAK)
    return [unit for unit in units if unit]


def count_for(kind: str, texts: Sequence[str], keep: bool = False) -> Mapping[str, int]:
    """Count what a vocabulary of this kind is trained on: units for kind spaced, words for the others."""
    units = count_units(texts, kind == "word", keep)
    return units if kind == "spaced" else count_words(units)


def count_units(texts: Sequence[str], breaks_han: bool, keep: bool = False) -> Counter[str]:
    """Count the units of all texts; of plain ones in Arrow, which takes a fifth of the time."""
    import pyarrow as pa  # what answers has no need of it
    import pyarrow.compute as pc

    column = pa.array(texts, pa.string())
    is_plain = pc.match_substring_regex(column, _PLAIN)
    found = pc.value_counts(pc.list_flatten(pc.split_pattern(column.filter(is_plain), " ")))
    names = [MARK + word for word in found.field("values").to_pylist()]
    units = Counter(dict(zip(names, found.field("counts").to_pylist(), strict=True)))
    units.update(split_units(column.filter(pc.invert(is_plain)).to_pylist(), breaks_han, keep))
    del units[END_OF_TEXT]
    return units


def count_words(units: Mapping[str, int]) -> dict[str, int]:
    """Count words, given the occurrences of units, as the trainers of `tokenizers` would themselves, but faster."""
    words: dict[str, int] = {}
    before = words.get
    for unit, occurrences in units.items():
        for word in words_of(unit):
            words[word] = before(word, 0) + occurrences
    return words


def words_of(unit: str) -> list[str]:
    """Return the words of a unit."""
    if _NOT_PLAIN.search(unit):
        return [word for word, _ in _SPLITTER.pre_tokenize_str(unit)]
    return _PIECES.findall(unit)


def count_characters(words: Mapping[str, int]) -> Counter[str]:
    """Count characters, given the occurrences of words."""
    characters: Counter[str] = Counter()
    for word, occurrences in words.items():
        for character in word:
            characters[character] += occurrences
    return characters
