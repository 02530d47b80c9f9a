"""Text normalization (Unicode NFC, white space, control characters) of corpus, vocabulary and requests."""

import re
import unicodedata

WORD_MARK = "\u2581"  # the tokenizers' sign for the start of a word, so no text may hold it

# Control characters that are not white space, the byte order mark, and halves of surrogate pairs (JSON can smuggle
# those in). The joiners U+200C and U+200D stay: Persian, Hindi and emoji are misspelt without them.
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ud800-\udfff]")

_SIGNS = re.compile(r"[\W_]+")
_LOST = re.compile(r"[^\S ]")
"""White space other than plain spaces: line breaks, tabs, no-break spaces."""


def has_layout(text: str) -> bool:
    """Return whether `text` has inner white space other than plain spaces, which folding would lose."""
    return _LOST.search(text.strip()) is not None


def normalize(text: str, keep: bool = False) -> str:
    """Return `text` in NFC on one line, single-spaced and without control characters; doing it twice changes nothing.

    With `keep` its white space stays as it is, line breaks included; a text of white space alone becomes empty.
    Characters are dropped before composing, as one between a letter and its accent would keep them apart.
    """
    if keep:
        text = unicodedata.normalize("NFC", without_control_characters(text))
        return "" if text.isspace() else text
    if text.isascii():
        return fold_whitespace(text if text.isprintable() else _DROPPED.sub("", text))
    return unicodedata.normalize("NFC", fold_whitespace(without_control_characters(text)))


def without_control_characters(text: str) -> str:
    """Drop control characters, byte order marks and halves of surrogate pairs, and write `WORD_MARK` as _."""
    return _DROPPED.sub("", text).replace(WORD_MARK, "_")


def fold_whitespace(text: str) -> str:
    """Make all white space single spaces between words."""
    return " ".join(text.split())


def fold_text(text: str) -> str:
    """Return a text in lower case without spaces and punctuation; a text of punctuation alone as it is."""
    return _SIGNS.sub("", text.casefold()) or text
