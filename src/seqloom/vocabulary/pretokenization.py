"""Pre-tokenization: space marks, and the boundaries that no token crosses.

A space becomes the mark ▁ in front of the next word, as in SentencePiece (Kudo and Richardson, 2018,
https://arxiv.org/abs/1808.06226), so that concatenated tokens spell the text and one rule decodes them all.
Normalized text holds neither ▁ nor control characters, so these are free for use here.
"""

import re

from tokenizers import Regex, pre_tokenizers

from seqloom.vocabulary.special_tokens import MARK

BREAK = "\x00"  # a token boundary that decodes to nothing
_HAN = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"

_RUN_OF_HAN = re.compile(f"{_HAN}+")


def mark(text: str) -> str:
    """Replace spaces in normalized `text` by the mark, and put one in front of its first word.

    So the first word of a sentence is the same token as elsewhere. Han text has no spaces, so there the mark would do
    the opposite and is left out; decoding strips the text in either case.
    """
    lead = "" if not text or starts_with_han(text) else MARK
    return lead + text.replace(" ", MARK)


def starts_with_han(text: str) -> bool:
    """Return whether the first character is Han, whose words have no spaces between them."""
    return _RUN_OF_HAN.match(text) is not None


def segment_han(text: str) -> str:
    """Segment runs of Han characters in normalized `text` into words, apart from the surrounding text."""
    if not _RUN_OF_HAN.search(text):
        return text.strip(BREAK)
    import rjieba  # its dictionary takes a tenth of a second, which text without Han is spared

    broken = _RUN_OF_HAN.sub(lambda run: BREAK + BREAK.join(rjieba.cut(run[0])) + BREAK, text)
    return broken.replace(" " + BREAK, " ").strip(BREAK)  # a space stays with the word that it marks


def splitter() -> pre_tokenizers.PreTokenizer:
    """Return the pre-tokenizer: words, single digits and single signs, each with the mark before it.

    No token crosses these boundaries. So punctuation never sticks to a word; a number is spelled out, which lets a
    model copy an unseen one; and < and > are single tokens, so text such as </s> never becomes a special token.
    """
    words = rf"{MARK}?[\p{{L}}\p{{M}}]+"
    others = rf"{MARK}?[^\p{{L}}\p{{M}}{MARK}{BREAK}]"
    return pre_tokenizers.Split(Regex(f"{words}|{others}|{MARK}"), behavior="removed", invert=True)
