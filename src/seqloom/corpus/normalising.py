"""One way to write a text: what the corpus keeps, the vocabulary learns and the model is asked."""

import re
import unicodedata

WORD_MARK = "\u2581"  # the tokenisers' sign for the start of a word, so no text may hold it

# Control characters that are not white space, the byte order mark, and halves of surrogate pairs (JSON can smuggle
# those in). The joiners U+200C and U+200D stay: Persian, Hindi and emoji are misspelt without them.
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ud800-\udfff]")


def normalise(text: str) -> str:
    """Return `text` in NFC on one line, single-spaced and without control characters; doing it twice changes nothing.

    Characters are dropped before composing, for what stood between a letter and its accent must not keep them apart.
    """
    if text.isascii():
        return " ".join((text if text.isprintable() else _DROPPED.sub("", text)).split())
    text = _DROPPED.sub("", text).replace(WORD_MARK, "_")
    return unicodedata.normalize("NFC", " ".join(text.split()))
