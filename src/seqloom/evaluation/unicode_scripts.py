"""Which script a text is written in, and whether that script puts spaces between words.

Scores that count words would take a whole sentence of Thai or Chinese for one. A script without spaces is one whose
letters Unicode's line breaking (UAX 14) treats as ideographs, or leaves to a dictionary, and Tibetan, which has spaces
between sentences alone.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import regex

from seqloom.recipe.languages import UNDETERMINED, Language, language_of

SPACELESS = {
    "Hani": "Han",
    "Hira": "Hiragana",
    "Kana": "Katakana",
    "Bopo": "Bopomofo",
    "Thai": "Thai",
    "Laoo": "Lao",
    "Khmr": "Khmer",
    "Mymr": "Myanmar",
    "Tibt": "Tibetan",
    "Tale": "Tai_Le",
    "Talu": "New_Tai_Lue",
    "Lana": "Tai_Tham",
    "Tavt": "Tai_Viet",
    "Ahom": "Ahom",
    "Java": "Javanese",
    "Bali": "Balinese",
    "Yiii": "Yi",
    "Nshu": "Nushu",
    "Tang": "Tangut",
}
"""Unicode's name of each, by its code in ISO 15924."""
JAPANESE = "Jpan"  # the code of kana and Chinese characters together
_MIXED = {
    "Hans": {"Hani", "Bopo"},
    "Hant": {"Hani", "Bopo"},
    "Hanb": {"Hani", "Bopo"},
    "Hrkt": {"Hira", "Kana", JAPANESE},
    JAPANESE: {"Hani", "Hira", "Kana", JAPANESE},
    "Kore": {"Hang", "Hani"},
}
"""The scripts that a language's script is written with, where its code names several."""
_SPACED = {"Latn": "Latin", "Hang": "Hangul"}  # as far as anything depends on which it is
_OTHER = "Zyyy"  # the code of no script in particular

LETTERS = "".join(rf"\p{{{name}}}" for name in SPACELESS.values()) + "ー\uff70"  # the long vowel sign is nobody's
"""Of a script without spaces, within a class of a pattern."""

_TELLING = 0.1  # of the letters: what is cut by words then has sentences for words
_KANA = 0.2  # of kana and Chinese characters: more than a Chinese text ever quotes
_ROWS, _CHARACTERS = 2000, 1000  # looked at, of all rows and of each


def has_spaces(script: str) -> bool:
    """Whether a script puts spaces between words, by its code."""
    return script in ("Kore", "Hang") or not (_MIXED.get(script, {script}) & SPACELESS.keys())


def script_name(code: str) -> str:
    """In words."""
    return "Japanese" if code == JAPANESE else SPACELESS.get(code, code).replace("_", " ")


def script_of(texts: Sequence[str]) -> str:
    """The code of the script without spaces that a tenth of all letters are in, or of the most frequent other one.

    `Zyyy` is one of the many about which nothing has to be known; empty where there is no letter.
    """
    counts: Counter[str] = Counter()
    for letter, occurrences in _letters(texts).items():
        counts[_script(letter)] += occurrences
    spaceless = Counter({script: count for script, count in counts.items() if script in SPACELESS})
    if not counts or spaceless.total() < _TELLING * counts.total():
        return (counts - spaceless).most_common(1)[0][0] if counts else ""
    kana = spaceless["Hira"] + spaceless["Kana"]
    if kana > _KANA * (kana + spaceless["Hani"]):
        return JAPANESE
    return spaceless.most_common(1)[0][0]


def scored_as(language: str, references: Sequence[str]) -> str:
    """The tag of the language by which scores cut these references: the one given, unless they are plainly another.

    What is written in a script without spaces is never cut as a language with spaces, and English is Latin.
    """
    given, found = language_of(language), script_of(references)
    if given and _may_be_cut_as(given, found):
        return given.tag
    return "" if has_spaces(found) and found != "Hang" else f"{UNDETERMINED}-{found}"


def _may_be_cut_as(given: Language, found: str) -> bool:
    if not found or found in _MIXED.get(given.script, {given.script}):
        return True
    return has_spaces(found) and given.code != "en"


def _letters(texts: Sequence[str]) -> Counter[str]:
    """Occurrences of each letter in a sample of the texts, the same each time."""
    step = -(-len(texts) // _ROWS) or 1
    counts = Counter("".join(text[:_CHARACTERS] for text in texts[::step]))
    return Counter({character: count for character, count in counts.items() if character.isalpha()})


@cache
def _script(letter: str) -> str:
    names = {**SPACELESS, **_SPACED}
    return next((code for code, name in names.items() if regex.match(rf"\p{{{name}}}", letter)), _OTHER)
