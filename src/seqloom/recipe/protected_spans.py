"""Parts of a text that an answer carries over unchanged: placeholders, tags, numbers and URLs."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

KINDS = {
    "urls": r"(?:https?|ftp)://[^\s<>\"'）]*[^\s<>\"'）.,;:!?)\]}]|www\.[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]"
    r"|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+",
    "tags": r"</?[A-Za-z][\w:.-]*(?:\s[^<>]*)?/?>|</?\d+/?>|&(?:[A-Za-z][A-Za-z0-9]+|\#\d+|\#x[0-9A-Fa-f]+);",
    "placeholders": r"\{\{[^{}]*\}\}|\$\{[^{}\s]+\}|\{[^{}\s]*\}|%\([^()\s]+\)[#0 +-]*\d*(?:\.\d+)?[a-zA-Z]"
    r"|%(?:\d+\$)?[#0+-]*\d*(?:\.\d+)?(?:l|ll|h|z)?[sdifuxXcgGeE@](?![\w])|%\d+\b|\[[A-Z]+_\d+\]",
    "numbers": r"(?<![\w.,])[+-]?\d+(?:[.,:/-]\d+)*%?(?![\w])",
}
"""Patterns by kind, the first first: a number within a URL or a tag is part of it."""


def kinds_of(protect: str) -> list[str]:
    """Return the kinds that `decoding.protect` names, in the order of `KINDS`.

    Raises:
        ValueError: it names another.
    """
    named = [name.strip() for name in protect.split(",") if name.strip()]
    for name in named:
        if name not in KINDS:
            raise ValueError(f"protect names {name!r}: write kinds of {', '.join(KINDS)}, with commas between them")
    return [kind for kind in KINDS if kind in named]


@dataclass(frozen=True)
class ProtectedText:
    """A text with its protected spans: `texts[0] spans[0] texts[1] … spans[-1] texts[-1]`."""

    texts: tuple[str, ...]  # one more than spans
    spans: tuple[str, ...]

    @classmethod
    def of(cls, text: str, kinds: Sequence[str]) -> "ProtectedText":
        """Find the spans of these kinds in a text."""
        if not kinds:
            return cls((text,), ())
        found = list(re.finditer("|".join(f"(?:{KINDS[kind]})" for kind in kinds), text))
        starts, ends = [0, *(each.end() for each in found)], [*(each.start() for each in found), len(text)]
        parts = tuple(text[start:end] for start, end in zip(starts, ends, strict=True))
        return cls(parts, tuple(each[0] for each in found))

    def comes_back(self, answer: str, kinds: Sequence[str]) -> bool:
        """Return True if each span occurs in the answer as often as here."""
        if not self.spans:
            return True
        found, wanted = Counter(ProtectedText.of(answer, kinds).spans), Counter(self.spans)
        return all(found[span] == count for span, count in wanted.items())

    def attached(self, answer: str) -> str:
        """Remove the spaces around spans of an answer where the source, between spaces and words, has none."""
        position = 0
        for number, span in enumerate(self.spans):
            start = answer.find(span, position)
            if start < 0:
                continue
            before, after = answer[:start], answer[start + len(span) :]
            if self.texts[number][-1:].strip() and before.strip():
                before = before.rstrip(" ")
            if self.texts[number + 1][:1].strip() and after.strip():
                after = after.lstrip(" ")
            position = len(before) + len(span)
            answer = before + span + after
        return answer

    def joined(self, answers: Sequence[str]) -> str:
        """Put answers to `texts` and the spans together, with the white space of the source around the spans."""
        parts = [_with_ends(text, answer) for text, answer in zip(self.texts, answers, strict=True)]
        spans = [*self.spans, ""]
        return "".join(part + span for part, span in zip(parts, spans, strict=True)).strip()


def _with_ends(text: str, answer: str) -> str:
    """Return the answer to a text with the white space at the ends of the text."""
    stripped = text.strip()
    if not stripped:
        return text
    begin = text.index(stripped)
    return text[:begin] + answer.strip() + text[begin + len(stripped) :]
