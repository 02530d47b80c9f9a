"""Answers to texts that are longer than a model reads: by sentence, put together again, or none."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from seqloom.decoding.answer_control import LOST, SPLIT, described
from seqloom.decoding.answers import Answer, Answers, Unanswerable, least_confidence
from seqloom.decoding.sentence_segmentation import Segment, join, segments_of
from seqloom.errors import UserError
from seqloom.recipe.recipe_json import with_options

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator
    from seqloom.recipe.schema import DecodingSection

WHOLE, BY_SENTENCE, IN_PARTS = "whole", "sentences", "parts"  # how a text was answered


def answer_long(
    generator: "Generator", texts: Sequence[str], decoding: "DecodingSection", numbers: Sequence[int]
) -> Answers:
    """Return the answers to each text by `decoding.long_texts`, sentences or refuse.

    A text is long if it has more characters or tokens than the model reads, or more tokens than 99 of 100 texts
    that it learned from. The answer to one of several sentences is the answers to them, with the white space of the
    text between; they are looked up in memory and rules, as the texts were.

    Raises:
        UserError: answers to sentences make no answer to a text in this task.
        Unanswerable: a text has more than the model reads, and is refused.
    """
    cut = with_options(decoding, long_texts="cut")
    if decoding.long_texts == "refuse":
        _refuse(generator, texts)
        return generator.answer_unknown(texts, [None] * len(texts), cut, numbers)
    language = generator.language
    if language is None:
        raise UserError(
            "decoding.long_texts sentences is for tasks in which the answers to the sentences of a text are the answer "
            "to the text, translation and transduction: set it to cut or refuse"
        )
    parts = [_parts_of(generator, text, language) for text in texts]
    asked = [part.text for each in parts for part in each]
    theirs = [number for number, each in zip(numbers, parts, strict=True) for _ in each]
    looked_up = iter(generator.known([part.text for each in parts if len(each) > 1 for part in each], cut))
    known = [next(looked_up) if len(each) > 1 else None for each in parts for _ in each]
    found = iter(generator.answer_unknown(asked, known, cut, theirs))
    return [
        _put_together(text, each, [next(found) for _ in each], decoding)
        for text, each in zip(texts, parts, strict=True)
    ]


def _refuse(generator: "Generator", texts: Sequence[str]) -> None:
    """Raise an error for the first text that is not read whole."""
    for row, text in enumerate(texts):
        if not generator.reads_whole(text):
            limits = {"characters": generator.characters, "tokens": generator.tokens}
            most = " and ".join(f"{limit:,} {unit}" for unit, limit in limits.items() if limit)
            raise Unanswerable(row, len(texts), f"is longer than the model reads ({most}): shorten it")


def _parts_of(generator: "Generator", text: str, language: str) -> list[Segment]:
    """Return the parts in which a text is answered: one, the text as it is, if it is not long."""
    if generator.is_usual(text):
        return [Segment(text, "")]
    found = segments_of(text, language, generator.reads_whole)
    if len(found) < 2:
        return [Segment(text, "")]
    if generator.keeps_whitespace:  # what stands before the first is text, too
        before = text[: len(text) - len(text.lstrip())]
        return [replace(found[0], text=before + found[0].text), *found[1:]]
    return found


def _put_together(
    text: str, parts: list[Segment], found: "list[list[Answer]]", decoding: "DecodingSection"
) -> "list[Answer]":
    """Return the answers to a text: the best ones to its parts, then the second best, and so on."""
    if len(parts) == 1:
        return [replace(one, answered_in=WHOLE) for one in found[0]]
    how = BY_SENTENCE if all(part.is_sentence for part in parts) else IN_PARTS
    ranks = range(max(map(len, found)))
    whole = (_joined([each[min(rank, len(each) - 1)] for each in found], parts, decoding) for rank in ranks)
    return [described(text, replace(one, answered_in=how), decoding) for one in whole]


def _joined(answers: "list[Answer]", parts: list[Segment], decoding: "DecodingSection") -> "Answer":
    """Return answers to the parts of a text as one, with the score of all tokens that the model wrote."""
    written = [(each.score, len(each.tokens) + 1) for each in answers if not each.from_memory]  # with END
    logs = [score * length**decoding.length_penalty for score, length in written]
    return replace(
        answers[0],
        text=join([each.text for each in answers], [part.gap for part in parts]),
        score=sum(logs) / sum(length for _, length in written) ** decoding.length_penalty if written else 0.0,
        tokens=[token for each in answers for token in each.tokens],
        truncated=any(each.truncated for each in answers),
        from_memory=all(each.from_memory for each in answers),
        confidence=least_confidence(answers),
        carried_over=next((how for how in (LOST, SPLIT) if any(each.carried_over == how for each in answers)), ""),
    )
