"""Answers from a closed list: each choice is scored, and nothing is searched for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqloom.decoding.answers import EMPTY_ANSWER, Answer, Answers
from seqloom.errors import UserError
from seqloom.recipe.choice_list import read_choices
from seqloom.vocabulary.special_tokens import UNKNOWN

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator
    from seqloom.recipe.schema import DecodingSection


def choose(generator: "Generator", texts: Sequence[str], decoding: "DecodingSection") -> Answers:
    """Return all choices as answers to each text, the most probable by length first; none to a text without tokens.

    Raises:
        UserError: the generator does not write answers to texts, or it cannot write a choice.
    """
    if not generator.controlled:
        raise UserError("decoding.choices is for models that write a text for a text: leave it empty")
    choices = read_choices(decoding.choices)
    encoded = _encoded(generator, choices, decoding)
    sources = generator.encode(texts)
    rows = sorted((row for row, ids in enumerate(sources) if ids), key=lambda row: len(sources[row]))
    answers: Answers = [[EMPTY_ANSWER] for _ in texts]
    for start in range(0, len(rows), decoding.batch_size):
        chunk = rows[start : start + decoding.batch_size]
        for row, totals in zip(chunk, generator.backend.score([sources[each] for each in chunk], encoded), strict=True):
            answers[row] = _ranked(choices, encoded, totals, decoding.length_penalty)
    return answers


def _ranked(
    choices: Sequence[str], encoded: Sequence[list[int]], totals: Sequence[float], length_penalty: float
) -> list[Answer]:
    found = [
        Answer(choice, total / (len(tokens) + 1) ** length_penalty, tokens)
        for choice, tokens, total in zip(choices, encoded, totals, strict=True)
    ]
    return sorted(found, key=lambda each: -each.score)


def _encoded(generator: "Generator", choices: Sequence[str], decoding: "DecodingSection") -> list[list[int]]:
    """Return the tokens of each choice."""
    encoded = generator.target.encode(choices)
    longest = generator.max_answer_tokens(decoding)
    for choice, tokens in zip(choices, encoded, strict=True):
        if UNKNOWN in tokens or not tokens:
            raise UserError(f"decoding.choices: this model has no words for {choice[:80]!r}: remove or reword it")
        if len(tokens) >= longest:
            raise UserError(
                f"decoding.choices: {choice[:80]!r} has {len(tokens)} tokens, and an answer {longest - 1} at most: "
                "shorten it, or raise max_length"
            )
    return encoded
