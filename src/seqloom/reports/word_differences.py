"""Word-level differences between a reference and an answer, as markup."""

import re
from difflib import SequenceMatcher

from seqloom.reports.html_page import Markup, joined, tag, text

LONGEST = 400  # words of a text that are compared; longer ones are shown as they are
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"
_WORD = re.compile(rf"\s+|[{_SPACELESS}]|\w[\w'’\u0300-\u036f\u0900-\u0dff]*|.", re.DOTALL)


def difference(reference: str, answer: str) -> Markup:
    """Return the answer with what it adds to the reference marked as inserted, and what it lacks as deleted.

    Letters of scripts without spaces are words of their own.
    """
    wanted, got = (_WORD.findall(side) for side in (reference, answer))
    if max(len(wanted), len(got)) > LONGEST:
        return tag("bdi", text(answer), dir="auto")
    parts: list[Markup] = []
    for kind, start, end, first, last in SequenceMatcher(None, wanted, got, autojunk=False).get_opcodes():
        if kind in ("replace", "delete"):
            parts.append(tag("del", text("".join(wanted[start:end]))))
        if kind in ("replace", "insert"):
            parts.append(tag("ins", text("".join(got[first:last]))))
        if kind == "equal":
            parts.append(text("".join(got[first:last])))
    return tag("bdi", joined(parts), dir="auto")
