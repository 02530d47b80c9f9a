"""Text as the words that summaries are compared by."""

import re

ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana and Chinese characters: a word each
_WORD = re.compile(rf"[{ALONE}]|[^\W_{ALONE}]+")
_LATIN_WORD = re.compile("[a-z0-9]+")  # ROUGE-1.5.5's, as rouge-score has it
_END = re.compile(r"[.!?…]+(?=\s|$|[A-Z][a-z])|[。！？]+")  # text off web pages has lost spaces
_SHORTEST = 3  # words of a sentence: "Dear Mr." and "Hi Ann." are none yet


def words_of(text: str, language: str) -> list[str]:
    """Lower-case words without punctuation, in English as ROUGE always cut them.

    In other languages, and where it is unknown (an empty `language`), letters and digits of any script stay together,
    but for characters of Chinese and Japanese, which stand alone: neither language puts spaces between words.
    """
    pattern = _LATIN_WORD if _primary(language) == "en" else _WORD
    return pattern.findall(text.lower())


def cutting(language: str) -> str:
    """How `words_of` cuts, for a signature."""
    return "rouge" if _primary(language) == "en" else "words-and-characters"


def lead(text: str, most: int) -> str:
    """The first sentence, or its first `most` words where it has more; the whole text where no sentence ends."""
    ends = [word.end() for word in _WORD.finditer(text)]
    found = _END.search(text, ends[_SHORTEST - 1]) if len(ends) >= _SHORTEST else None
    sentence = text[: found.end()] if found else text
    return sentence[: ends[most - 1]] if len(ends) >= most else sentence


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
