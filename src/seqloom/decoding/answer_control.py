"""Answers that carry protected spans over and use the terms of a glossary.

An answer that does so by itself is left alone. Else the search is repeated with what is missing as constraints of the
beam; and where a protected span is still missing or doubled, the parts between the spans are answered apart and put
together around them, which the answer says.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seqloom.decoding.answers import Answer, Answers, least_confidence
from seqloom.errors import UserError
from seqloom.recipe.glossary import Term, read_glossary, terms_in
from seqloom.recipe.protected_spans import ProtectedText, kinds_of
from seqloom.recipe.recipe_json import with_options
from seqloom.vocabulary.special_tokens import UNKNOWN

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator
    from seqloom.decoding.lexical_constraints import Constraint
    from seqloom.recipe.schema import DecodingSection


SPLIT, LOST = "split", "lost"  # how spans were carried over that are not simply kept
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

    def described(self, answer: Answer, decoding: "DecodingSection", carried_over: str = "kept") -> Answer:
        """Return the answer with what it says of itself."""
        carried, share = "", None
        if decoding.protect:
            carried = carried_over if self.protected.spans else "none"
        if decoding.glossary:
            share = self.honored(answer.text) / len(self.terms) if self.terms else 1.0
        return replace(answer, carried_over=carried, terms_honored=share)


def described(text: str, answer: Answer, decoding: "DecodingSection") -> Answer:
    """Return the answer to a text with what it says of itself, for one with a part that is split or lost that.

    A known answer, which stands word for word, may have lost a span.
    """
    [asked] = _asked_of([text], decoding)
    own = LOST if answer.from_memory and not asked.keeps(answer.text) else "kept"
    return asked.described(answer, decoding, answer.carried_over or own)


def control(
    generator: "Generator",
    texts: Sequence[str],
    answers: Answers,
    decoding: "DecodingSection",
    numbers: Sequence[int],
) -> Answers:
    """Return the answers to each text, those first that hold what it asks for.

    `answers` are those of a free search: most hold all, and only the others are searched for again.

    Raises:
        UserError: the generator does not write answers to texts, or its backend cannot be given constraints.
    """
    _refuse_uncontrolled(generator, decoding)
    asked = _asked_of(texts, decoding)
    answers = [_attached(each, found) for each, found in zip(asked, answers, strict=True)]
    failing = {row: each for row, each in enumerate(asked) if not each.whole(answers[row][0].text)}
    for row, found in _searched_again(generator, texts, decoding, numbers, failing):
        answers[row] = _acceptable(failing[row], found, answers[row]) + answers[row]
    for row, each in failing.items():
        answers[row] = _best_first(each, answers[row])[: _wanted(decoding)]
    without = {row: each for row, each in failing.items() if not each.keeps(answers[row][0].text)}
    for row, answer in _put_together(generator, without, decoding):
        answers[row] = [replace(answers[row][0], text=answer.text, confidence=answer.confidence)]
    return [
        [each.described(one, decoding, SPLIT if row in without else "kept") for one in found]
        for row, (each, found) in enumerate(zip(asked, answers, strict=True))
    ]


def _refuse_uncontrolled(generator: "Generator", decoding: "DecodingSection") -> None:
    """Raise an error if the answers of a generator cannot be controlled."""
    if not generator.controlled:
        raise UserError(
            "decoding.protect and glossary are for models that write a text for a text alone: leave both empty"
        )
    if decoding.glossary and not generator.backend.takes_constraints:
        raise UserError(
            "CTranslate2 has no search with constraints: ask the version's own backend, torch, or leave "
            "decoding.glossary empty"
        )


def _asked_of(texts: Sequence[str], decoding: "DecodingSection") -> list[ControlledText]:
    """Return what each text asks of its answer."""
    kinds, glossary = tuple(kinds_of(decoding.protect)), read_glossary(decoding.glossary)
    return [ControlledText(ProtectedText.of(text, kinds), kinds, tuple(terms_in(text, glossary))) for text in texts]


def _searched_again(
    generator: "Generator",
    texts: Sequence[str],
    decoding: "DecodingSection",
    numbers: Sequence[int],
    asked: Mapping[int, ControlledText],
) -> "Iterator[tuple[int, list[Answer]]]":
    """Search for some rows with what each asks for as constraints, where that is possible; yield row and answers."""
    beam = decoding.method == "beam" and decoding.beam_size > 1 and generator.backend.takes_constraints
    constraints = [_constraints(generator, each) for each in asked.values()] if beam else []
    if any(constraints):
        some, theirs = [texts[row] for row in asked], [numbers[row] for row in asked]
        yield from zip(asked, generator.search_texts(some, decoding, theirs, constraints), strict=True)


def _acceptable(asked: ControlledText, found: list[Answer], free: list[Answer]) -> list[Answer]:
    """Return the answers of a constrained search that are about as probable as what was found freely.

    Where that lacks nothing but terms, a person wants these, and any will do.
    """
    least = -math.inf if asked.keeps(free[0].text) else free[0].score - MOST_LOST
    return [one for one in _attached(asked, found) if one.score >= least]


def _attached(asked: ControlledText, found: list[Answer]) -> list[Answer]:
    """Write the spans as close to their neighbors as the text does."""
    return [replace(one, text=asked.protected.attached(one.text)) for one in found] if asked.protected.spans else found


def _wanted(decoding: "DecodingSection") -> int:
    return decoding.num_samples if decoding.method == "sample" else decoding.beam_size


def _best_first(asked: ControlledText, found: list[Answer]) -> list[Answer]:
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


def _put_together(
    generator: "Generator", asked: Mapping[int, ControlledText], decoding: "DecodingSection"
) -> "Iterator[tuple[int, Answer]]":
    """Answer what stands between protected spans by itself, with its terms; yield row and answer around the spans.

    Its confidence is that of its least sure part.
    """
    parts = [part.strip() for each in asked.values() for part in each.protected.texts]
    unprotected = with_options(decoding, protect="")
    found = iter(generator.answer(parts, unprotected, [0] * len(parts)) if parts else ())
    for row, each in asked.items():
        said = [next(found)[0] for _ in each.protected.texts]
        whole = each.protected.joined([part.text for part in said])
        yield row, replace(said[0], text=whole, confidence=least_confidence(said))
