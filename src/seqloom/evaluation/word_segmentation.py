"""Text as the words that answers are compared by."""

import regex

from seqloom.evaluation.unicode_scripts import LETTERS
from seqloom.recipe.languages import language_of

ALONE = rf"[{LETTERS}]\p{{M}}*"  # a letter of a script without spaces, with its marks: a word of its own
_RUN = regex.compile(
    "[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}\u200c\u200d]*"
)  # joiners stand within words of Persian and Hindi
_WORD = regex.compile(rf"{ALONE}|[^{LETTERS}]+")  # of a run
_SPACELESS = regex.compile(rf"[{LETTERS}]")
_LATIN_WORD = regex.compile("[a-z0-9]+")  # ROUGE-1.5.5's, as rouge-score has it
# Text off web pages has lost spaces.
_END = regex.compile(r"[.!?…]+(?=\s|$|\p{Lu}\p{Ll})|[\p{Sentence_Terminal}--[.!?]]+", regex.V1)
_SHORTEST = 3  # words of a sentence: "Dear Mr." and "Hi Ann." are none yet


def words_of(text: str, language: str) -> list[str]:
    """Lower-case words without punctuation, in English as ROUGE always cut them.

    In other languages, and where it is unknown (an empty `language`), letters, their marks and digits of any script
    stay together, but for the letters of scripts without spaces, which stand alone, each with its marks.
    """
    text = text.lower()
    runs: list[str] = (_LATIN_WORD if _is_english(language) else _RUN).findall(text)
    if _is_english(language) or text.isascii() or not _SPACELESS.search(text):
        return runs
    return [word for run in runs for word in _WORD.findall(run)]


def cutting(language: str) -> str:
    """How `words_of` cuts, for a signature."""
    return "rouge" if _is_english(language) else "words-and-characters"


def lead(text: str, most: int) -> str:
    """The first sentence, or its first `most` words where it has more; the whole text where no sentence ends."""
    ends = [word.end() for run in _RUN.finditer(text) for word in _WORD.finditer(text, run.start(), run.end())]
    found = _END.search(text, ends[_SHORTEST - 1]) if len(ends) >= _SHORTEST else None
    sentence = text[: found.end()] if found else text
    return sentence[: ends[most - 1]] if len(ends) >= most else sentence


def _is_english(language: str) -> bool:
    found = language_of(language)
    return found is not None and found.code == "en"
