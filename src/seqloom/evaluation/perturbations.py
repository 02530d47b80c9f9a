"""Perturbations of texts for a robustness score: what people's keyboards, copies and devices do to them.

Each is a pure function of the text and of a number that tells equal texts apart, so that every version is asked the
same texts.
"""

import random
import unicodedata
from collections.abc import Callable, Mapping

SHARE = 0.1  # of the letters that are changed, at least one
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LOOK_ALIKE = str.maketrans("aceopxyiABCEHKMOPTX", "асеорхуіАВСЕНКМОРТХ")  # Latin letters and their Cyrillic doubles
_EMOJI = ("🙂", "🎉", "👍", "😅", "❤️")

Perturb = Callable[[str, random.Random], str]


def _neighbors() -> dict[str, str]:
    """Return the letters beside each letter of an English keyboard."""
    beside: dict[str, str] = {}
    for row in _KEYBOARD:
        for at, letter in enumerate(row):
            beside[letter] = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    return beside


_BESIDE = _neighbors()


def keyboard_neighbors(letter: str) -> str:
    """Return the letters beside a letter of an English keyboard, in its case; none of another script."""
    beside = _BESIDE.get(letter.lower(), "")
    return beside.upper() if letter.isupper() else beside


def without_mark(letter: str) -> str:
    """Return a letter without its diacritics; what spells a word, such as signs of Indic scripts, is kept."""
    return unicodedata.normalize("NFC", _unmarked(letter))


def _unmarked(text: str) -> str:
    """Return a text in its decomposed form, without diacritics."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not _is_left_out(unicodedata.combining(letter)))


def _chosen(text: str, draw: random.Random, able: Callable[[str], object]) -> list[int]:
    """Return some of the positions whose letter can be changed, from the last to the first."""
    positions = [position for position, letter in enumerate(text) if able(letter)]
    count = min(len(positions), max(1, round(SHARE * len(positions))))
    return sorted(draw.sample(positions, count), reverse=True)


def _typos(text: str, draw: random.Random) -> str:
    letters = list(text)
    for position in _chosen(text, draw, lambda letter: letter.lower() in _BESIDE):
        letters[position] = draw.choice(keyboard_neighbors(letters[position]))
    return "".join(letters)


def _dropped(text: str, draw: random.Random) -> str:
    letters = list(text)
    for position in _chosen(text, draw, str.isalnum):
        if len(letters) > 1:
            del letters[position]
    return "".join(letters)


def _swapped(text: str, draw: random.Random) -> str:
    letters = list(text)
    for position in _chosen(text[:-1], draw, str.isalnum):
        letters[position], letters[position + 1] = letters[position + 1], letters[position]
    return "".join(letters)


def _cased(text: str, _: random.Random) -> str:
    return text.lower() if text.isupper() else text.upper()


def _without_marks(text: str, _: random.Random) -> str:
    """Drop diacritics, points and punctuation; what spells a word, such as signs of Indic scripts, is kept."""
    plain = "".join(letter for letter in _unmarked(text) if not unicodedata.category(letter).startswith("P"))
    return unicodedata.normalize("NFC", plain) if plain.strip() else text


def _is_left_out(combining_class: int) -> bool:
    """Return whether people leave out such marks: accents, and the points of Hebrew and Arabic."""
    return combining_class >= 200 or 10 <= combining_class <= 36


def _spaced(text: str, draw: random.Random) -> str:
    return "  " + "".join(letter * draw.choice((1, 2, 3)) if letter == " " else letter for letter in text) + " "


def _look_alike(text: str, draw: random.Random) -> str:
    letters = list(text)
    for position in _chosen(text, draw, lambda letter: ord(letter) in _LOOK_ALIKE):
        letters[position] = letters[position].translate(_LOOK_ALIKE)
    return "".join(letters)


def _emoji(text: str, draw: random.Random) -> str:
    return f"{text} {draw.choice(_EMOJI)}"


def _truncated(text: str, _: random.Random) -> str:
    return text[: max(1, round(0.8 * len(text)))].rstrip() or text


PERTURBATIONS: Mapping[str, Perturb] = {
    "keyboard typos": _typos,
    "dropped letters": _dropped,
    "swapped letters": _swapped,
    "other case": _cased,
    "no marks and punctuation": _without_marks,
    "more spaces": _spaced,
    "look-alike letters": _look_alike,
    "an emoji": _emoji,
    "the end cut off": _truncated,
}
"""Perturbations by name."""


def perturbed(name: str, text: str, number: int) -> str:
    """Return a text with a perturbation; it follows from name, text and number, and is never empty."""
    draw = random.Random(f"{name}/{number}/{text}")
    found = PERTURBATIONS[name](text, draw) if text.strip() else text
    return found if found.strip() else text
