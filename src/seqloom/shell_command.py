"""Shell commands for people to copy, quoted onto one line."""

import shlex
import unicodedata

_BREAKING = ("Cc", "Zl", "Zp")  # categories of what ends a line, moves the cursor or rings


def shell_word(text: str) -> str:
    r"""Return the text as one shell word on one line; line breaks are written $'…\n…', as bash and zsh read."""
    if not any(unicodedata.category(character) in _BREAKING for character in text):
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return f"\\u{ord(character):04x}" if unicodedata.category(character) in _BREAKING else character
