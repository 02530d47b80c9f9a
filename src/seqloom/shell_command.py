"""Commands for a person to copy: one line each, which a shell reads as it is meant."""

import shlex
import unicodedata

_BREAKING = ("Cc", "Zl", "Zp")  # categories of what ends a line, moves the cursor or rings


def shell_word(text: str) -> str:
    r"""The text as one word of a command, on one line; one that has several is written $'…\n…', as bash and zsh do."""
    if not any(unicodedata.category(character) in _BREAKING for character in text):
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return f"\\u{ord(character):04x}" if unicodedata.category(character) in _BREAKING else character
