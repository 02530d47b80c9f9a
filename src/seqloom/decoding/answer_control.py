"""Answers that carry protected spans over and use the terms of a glossary.

An answer that does so by itself is left alone. Else the search is repeated with what is missing as constraints of the
beam; and where a protected span is still missing or doubled, the parts between the spans are answered apart and put
together around them, which the answer says.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from seqloom.errors import UserError
from seqloom.recipe.glossary import Term, read_glossary, terms_in
from seqloom.recipe.protected_spans import ProtectedText, kinds_of
from seqloom.vocabulary.special_tokens import UNKNOWN

if TYPE_CHECKING:
    from seqloom.decoding.generator import Answer, Answers, Generator
    from seqloom.decoding.lexical_constraints import Constraint
    from seqloom.recipe.schema import DecodingSection


MOST_LOST = 0.5
"""Log-probability, over length ** length_penalty, that an answer may lose by spans it is forced to hold."""


@dataclass(frozen=True)
class ControlledText:
    """Constraints on the answer to one text."""

    protected: ProtectedText
    kinds: tuple[str, ...]
    terms: tuple[Term, ...]

    def keeps(self, answer: str) -> bool:
        """Return True if each protected span comes back as often as the text has it."""
        return self.protected.comes_back(answer, self.kinds)

    def honored(self, answer: str) -> int:
        """Return how many of the terms the answer uses."""
        return sum(term.honored(answer) for term in self.terms)

    def whole(self, answer: str) -> bool:
        """Return True if the answer holds all."""
        return self.keeps(answer) and self.honored(answer) == len(self.terms)

    def described(self, answer: "Answer", decoding: "DecodingSection", split: bool = False) -> "Answer":
        """Return the answer with what it says of itself."""
        carried, share = "", None
        if decoding.protect:
            carried = "none" if not self.protected.spans else "split" if split else "kept"
        if decoding.glossary:
            share = self.honored(answer.text) / len(self.terms) if self.terms else 1.0
        return replace(answer, carried_over=carried, terms_honored=share)


def described(text: str, answer: "Answer", decoding: "DecodingSection") -> "Answer":
    """Return the answer to a text with what it says of itself; one that has a part that is split is split."""
    kinds, glossary = tuple(kinds_of(decoding.protect)), read_glossary(decoding.glossary)
    asked = ControlledText(ProtectedText.of(text, kinds), kinds, tuple(terms_in(text, glossary)))
    return asked.described(answer, decoding, answer.carried_over == "split")


def control(
    generator: "Generator",
    texts: Sequence[str],
    answers: "Answers",
    decoding: "DecodingSection",
    numbers: Sequence[int],
) -> "Answers":
    """Return the answers to each text, those first that hold what it asks for.

    Raises:
        UserError: the generator does not write answers to texts, or its backend cannot be given constraints.
    """
    if not generator.controlled:
        raise UserError(
            "decoding.protect and glossary are for models that write a text for a text alone: leave both empty"
        )
    if decoding.glossary and not generator.backend.takes_constraints:
        raise UserError(
            "CTranslate2 has no search with constraints: ask the version's own backend, torch, or leave "
            "decoding.glossary empty"
        )
    kinds, glossary = tuple(kinds_of(decoding.protect)), read_glossary(decoding.glossary)
    asked = [ControlledText(ProtectedText.of(text, kinds), kinds, tuple(terms_in(text, glossary))) for text in texts]
    answers = [_attached(each, found) for each, found in zip(asked, answers, strict=True)]
    again = [row for row, each in enumerate(asked) if not each.whole(answers[row][0].text)]
    for row, found in _constrained(generator, texts, decoding, numbers, {row: asked[row] for row in again}):
        least = -math.inf if asked[row].keeps(answers[row][0].text) else answers[row][0].score - MOST_LOST
        answers[row] = [one for one in _attached(asked[row], found) if one.score >= least] + answers[row]
    for row in again:
        answers[row] = _best_first(asked[row], answers[row])[: _wanted(decoding)]
    apart = [row for row in again if not asked[row].keeps(answers[row][0].text)]
    if apart:
        for row, text in zip(apart, _split(generator, [asked[row] for row in apart], decoding), strict=True):
            answers[row] = [replace(answers[row][0], text=text)]
    split = set(apart)
    return [
        [each.described(one, decoding, row in split) for one in found]
        for row, (each, found) in enumerate(zip(asked, answers, strict=True))
    ]


def _constrained(
    generator: "Generator",
    texts: Sequence[str],
    decoding: "DecodingSection",
    numbers: Sequence[int],
    asked: Mapping[int, ControlledText],
) -> "Iterator[tuple[int, list[Answer]]]":
    """Search again for some rows, with what each asks for as constraints; yield the row and its answers."""
    constraints = [_constraints(generator, each) for each in asked.values()]
    if (
        any(constraints)
        and generator.backend.takes_constraints
        and decoding.method == "beam"
        and decoding.beam_size > 1
    ):
        some, theirs = [texts[row] for row in asked], [numbers[row] for row in asked]
        yield from zip(asked, generator.search_texts(some, decoding, theirs, constraints), strict=True)


def _attached(asked: ControlledText, found: "list[Answer]") -> "list[Answer]":
    """Write the spans as close to their neighbors as the text does."""
    return [replace(one, text=asked.protected.attached(one.text)) for one in found] if asked.protected.spans else found


def _wanted(decoding: "DecodingSection") -> int:
    return decoding.num_samples if decoding.method == "sample" else decoding.beam_size


def _best_first(asked: ControlledText, found: "list[Answer]") -> "list[Answer]":
    """Return the answers without repetitions, those first that keep the spans, then by terms, then as found."""
    distinct: dict[str, Answer] = {}
    for one in found:
        distinct.setdefault(one.text, one)
    return sorted(distinct.values(), key=lambda one: (not asked.keeps(one.text), -asked.honored(one.text)))


def _constraints(generator: "Generator", asked: ControlledText) -> "list[Constraint]":
    """Return the spans and terms that the target vocabulary can write, as tokens."""
    wanted = [(span,) for span in asked.protected.spans] + [term.targets for term in asked.terms]
    found = []
    for forms in wanted:
        written = (tuple(ids) for ids in generator.target.encode(forms))
        phrases = tuple(ids for ids in written if ids and UNKNOWN not in ids)
        if phrases:
            found.append(phrases)
    return found


def _split(generator: "Generator", asked: list[ControlledText], decoding: "DecodingSection") -> list[str]:
    """Answer the parts between protected spans by themselves, with their terms, and put them together."""
    parts = [part.strip() for each in asked for part in each.protected.texts]
    apart = cast("DecodingSection", SimpleNamespace(**{**vars(decoding), "protect": ""}))
    said = iter(generator.answer(parts, apart, [0] * len(parts)))
    return [each.protected.joined([next(said)[0].text for _ in each.protected.texts]) for each in asked]
