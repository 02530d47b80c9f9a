"""Unicode script detection: the script of a text, and if it puts spaces between words.

Metrics that count words would take a whole sentence of Thai or Chinese for one word. Scripts without spaces are those
whose letters Unicode's line breaking (UAX 14) treats as ideographs or leaves to a dictionary, and Tibetan, which has
spaces between sentences only.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import regex

from seqloom.recipe.language_tags import COMBINED_SCRIPTS, UNDETERMINED, Language, language_of

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
"""Unicode's name of each script without spaces, by its code in ISO 15924."""
JAPANESE = "Jpan"  # the code of kana and Chinese characters together
_MIXED = {code: scripts | ({JAPANESE} if "Kana" in scripts else set()) for code, scripts in COMBINED_SCRIPTS.items()}
"""The scripts that a combined code stands for."""
_SPACED = {"Latn": "Latin", "Hang": "Hangul"}  # scripts with spaces that are told apart; all others are _OTHER
_OTHER = "Zyyy"  # ISO 15924 for undetermined

LETTERS = "".join(rf"\p{{{name}}}" for name in SPACELESS.values()) + "ー\uff70"
"""Letters of the scripts without spaces, as the inside of a regular expression's character class.

The long vowel sign of Japanese, full and half width, has no script of its own.
"""

_MIN_SHARE = 0.1  # of the letters: from here on, words between spaces are whole sentences
_KANA = 0.2  # share of kana among kana and Chinese characters: a Chinese text quotes less
_ROWS, _CHARACTERS = 2000, 1000  # sampled of all rows, and of each row


def has_spaces(script: str) -> bool:
    """Return True if a script, given by its code, puts spaces between words."""
    return script in ("Kore", "Hang") or not (_MIXED.get(script, {script}) & SPACELESS.keys())


def script_name(code: str) -> str:
    """Return the name of a script, given its code."""
    return "Japanese" if code == JAPANESE else SPACELESS.get(code, code).replace("_", " ")


def script_of(texts: Sequence[str]) -> str:
    """Return the code of a script without spaces if it has a tenth of all letters, else of the most frequent script.

    `Zyyy` stands for all scripts with spaces but Latin and Hangul; without letters the result is empty.
    """
    counts: Counter[str] = Counter()
    for letter, occurrences in _letters(texts).items():
        counts[_script(letter)] += occurrences
    spaceless = Counter({script: count for script, count in counts.items() if script in SPACELESS})
    if not counts or spaceless.total() < _MIN_SHARE * counts.total():
        return (counts - spaceless).most_common(1)[0][0] if counts else ""
    kana = spaceless["Hira"] + spaceless["Kana"]
    if kana > _KANA * (kana + spaceless["Hani"]):
        return JAPANESE
    return spaceless.most_common(1)[0][0]


def scoring_language(language: str, references: Sequence[str]) -> str:
    """Return the tag of the language by which metrics tokenize these references: the one given, unless it cannot be.

    Text in a script without spaces is never tokenized as a language with spaces, and English is Latin.
    """
    given, found = language_of(language), script_of(references)
    if given and _fits(given, found):
        return given.tag
    return "" if has_spaces(found) and found != "Hang" else f"{UNDETERMINED}-{found}"


def _fits(given: Language, found: str) -> bool:
    if not found or found in _MIXED.get(given.script, {given.script}):
        return True
    return has_spaces(found) and given.code != "en"


def _letters(texts: Sequence[str]) -> Counter[str]:
    """Count each letter in a deterministic sample of the texts."""
    step = -(-len(texts) // _ROWS) or 1
    counts = Counter("".join(text[:_CHARACTERS] for text in texts[::step]))
    return Counter({character: count for character, count in counts.items() if character.isalpha()})


@cache
def _script(letter: str) -> str:
    names = {**SPACELESS, **_SPACED}
    return next((code for code, name in names.items() if regex.match(rf"\p{{{name}}}", letter)), _OTHER)
