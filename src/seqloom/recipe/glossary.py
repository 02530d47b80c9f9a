"""Glossary: terms of the source and the words that a translation has to use for them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_LETTER = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]"
"""A letter, digit or _ of scripts with spaces between words."""


@dataclass(frozen=True)
class Term:
    """An entry: the source term, and the forms of the target term of which one has to occur."""

    source: str
    targets: tuple[str, ...]

    def honored(self, answer: str) -> bool:
        """Return True if the answer holds one of the target forms."""
        return any(_pattern(form).search(answer) for form in self.targets)


@lru_cache(maxsize=64)
def read_glossary(text: str) -> tuple[Term, ...]:
    """Read lines of a source term, a tab and the target term; `|` between forms of it; # begins a comment.

    Raises:
        ValueError: a line has no tab, an empty term, or a term that stands in an earlier line.
    """
    terms: dict[str, Term] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        source, tab, target = line.partition("\t")
        forms = tuple(form.strip() for form in target.split("|") if form.strip())
        if not tab or not source.strip() or not forms:
            raise ValueError(f"glossary line {number}: write the source term, a tab and the target term")
        if source.strip().casefold() in terms:
            raise ValueError(f"glossary line {number}: {source.strip()!r} stands in an earlier line: remove one")
        terms[source.strip().casefold()] = Term(source.strip(), forms)
    return tuple(terms.values())


def terms_in(text: str, glossary: Sequence[Term]) -> list[Term]:
    """Return the terms that occur in a text as whole words, in any case; of overlapping ones the longer."""
    found: list[Term] = []
    free = text
    for term in sorted(glossary, key=lambda term: -len(term.source)):
        for start, end in _occurrences(term.source, free):
            found.append(term)
            free = free[:start] + "\0" * (end - start) + free[end:]
    return found


def _occurrences(term: str, text: str) -> Iterator[tuple[int, int]]:
    return (each.span() for each in _pattern(term).finditer(text))


@lru_cache(maxsize=1 << 16)
def _pattern(term: str) -> re.Pattern[str]:
    """Return the pattern of a term between other letters; scripts without spaces have no such borders."""
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, term) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, term[-1:]) else ""
    return re.compile(before + re.escape(term) + after, re.IGNORECASE)
