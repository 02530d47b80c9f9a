"""One way to write a text: what the corpus keeps, the vocabulary learns and the model is asked."""

import re
import unicodedata

WORD_MARK = "\u2581"  # the tokenizers' sign for the start of a word, so no text may hold it

# Control characters that are not white space, the byte order mark, and halves of surrogate pairs (JSON can smuggle
# those in). The joiners U+200C and U+200D stay: Persian, Hindi and emoji are misspelt without them.
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ud800-\udfff]")

_LOST = re.compile(r"[^\S ]")
"""White space that is no plain space: line breaks, tabs, spaces that do not break."""


def loses_layout(text: str) -> bool:
    """Whether more than plain spaces would be lost within `text` if its white space were folded."""
    return _LOST.search(text.strip()) is not None


def normalize(text: str, keep: bool = False) -> str:
    """Return `text` in NFC on one line, single-spaced and without control characters; doing it twice changes nothing.

    With `keep` its white space stays as it is, line breaks and all; of nothing else no text is made. Characters are
    dropped before composing, for what stood between a letter and its accent must not keep them apart.
    """
    if keep:
        text = unicodedata.normalize("NFC", _DROPPED.sub("", text).replace(WORD_MARK, "_"))
        return "" if text.isspace() else text
    if text.isascii():
        return " ".join((text if text.isprintable() else _DROPPED.sub("", text)).split())
    text = _DROPPED.sub("", text).replace(WORD_MARK, "_")
    return unicodedata.normalize("NFC", " ".join(text.split()))
