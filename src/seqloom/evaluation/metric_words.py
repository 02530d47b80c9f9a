"""Word segmentation of text in any script, for ROUGE, diversity and the lead baseline."""

import regex

from seqloom.evaluation.unicode_scripts import LETTERS
from seqloom.recipe.language_tags import language_of

ALONE = rf"[{LETTERS}]\p{{M}}*"  # a letter of a script without spaces, with its marks: a word of its own
# with the joiners inside words of Persian and Hindi
_RUN = regex.compile("[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}\u200c\u200d]*")
_WORD = regex.compile(rf"{ALONE}|[^{LETTERS}]+")  # of a run
_SPACELESS = regex.compile(rf"[{LETTERS}]")
_LATIN_WORD = regex.compile("[a-z0-9]+")  # as in ROUGE-1.5.5 and rouge-score
# a sentence's end needs no space behind it if a capitalized word follows: text off web pages has lost spaces
_END = regex.compile(r"[.!?…]+(?=\s|$|\p{Lu}\p{Ll})|[\p{Sentence_Terminal}--[.!?]]+", regex.V1)
_MIN_WORDS = 3  # words of a sentence: "Dear Mr." and "Hi Ann." are shorter


def words_of(text: str, language: str) -> list[str]:
    """Return the lower-case words of a text without punctuation.

    English is segmented as in ROUGE. In other languages, or if it is unknown (an empty `language`), a word is a run of
    letters, marks and digits; each letter of a script without spaces is a word of its own, with its marks.
    """
    text = text.lower()
    runs: list[str] = (_LATIN_WORD if _is_english(language) else _RUN).findall(text)
    if _is_english(language) or text.isascii() or not _SPACELESS.search(text):
        return runs
    return [word for run in runs for word in _WORD.findall(run)]


def segmentation_name(language: str) -> str:
    """Return the name of the segmentation of `words_of`, for a signature."""
    return "rouge" if _is_english(language) else "words-and-characters"


def lead(text: str, most: int) -> str:
    """Return the first sentence, cut to `most` words; of the whole text if no sentence ends."""
    ends = [word.end() for run in _RUN.finditer(text) for word in _WORD.finditer(text, run.start(), run.end())]
    found = _END.search(text, ends[_MIN_WORDS - 1]) if len(ends) >= _MIN_WORDS else None
    sentence = text[: found.end()] if found else text
    return sentence[: ends[most - 1]] if len(ends) >= most else sentence


def _is_english(language: str) -> bool:
    found = language_of(language)
    return found is not None and found.code == "en"
