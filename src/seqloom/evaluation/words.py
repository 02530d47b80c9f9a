"""Text as the words that summaries are compared by."""

import re

_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana and Chinese characters: a word each
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_LATIN_WORD = re.compile("[a-z0-9]+")  # ROUGE-1.5.5's, as rouge-score has it
_END = re.compile(r"[.!?…]+(?=\s|$)|[。！？]+")
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
    words = list(_WORD.finditer(text))
    if len(words) <= _SHORTEST:
        return text
    end = _END.search(text, words[_SHORTEST - 1].end())
    stop = end.end() if end else len(text)
    return text[: min(stop, words[most - 1].end()) if most <= len(words) else stop]


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
