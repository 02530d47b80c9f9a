"""Rows of a request to columns of answers: what a served model does, whoever serves it."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, cast

from seqloom.decoding.exported import CTranslate2Generator, load_generator
from seqloom.decoding.generator import Answer, Columns, Generator
from seqloom.decoding.together import Together
from seqloom.mistake import UserMistake
from seqloom.recipe.architecture import attends
from seqloom.recipe.loading import check_section
from seqloom.recipe.resolved import read_recipe
from seqloom.recipe.schema import Decoding

ASKED = {"n_best": 1, "return_scores": False, "return_attention": False, "first_row": 0}
"""What a request may ask for beside the fields of `decoding`, and what it gets where it does not ask."""

LAST_ROW = 2**53  # that a table of JSON can number


@dataclass(frozen=True, eq=False)
class Request:
    """How a request wants to be answered."""

    decoding: Decoding
    n_best: int
    return_scores: bool
    return_attention: bool
    first_row: int  # the number of the first row, from which what is drawn for it follows

    @property
    def company(self) -> Hashable:
        """Equal for requests that are answered in one batch; what is drawn is numbered by the request."""
        return self.decoding if self.decoding.method != "sample" else self


class Answering:
    """A model behind a table: one row of answers to each row asked, in order.

    Many threads may ask at once; those that ask for the same decoding share batches, unless their answers are drawn.
    """

    def __init__(self, generator: Generator, attentive: bool) -> None:
        self.generator = generator
        self.attentive = attentive
        self.defaults: dict[str, Any] = {**ASKED, **vars(generator.decoding)}
        self._together = Together[list[Answer]](self._answer)

    @classmethod
    def load(cls, folder: Path) -> "Answering":
        """The model of a folder that training or `seqloom export` wrote."""
        generator = load_generator(folder)
        attentive = attends(read_recipe(folder).model) and not isinstance(generator, CTranslate2Generator)
        return cls(generator, attentive)

    def __call__(self, rows: Sequence[object], params: Mapping[str, Any]) -> Columns:
        """The columns of the answer; `params` overrides the defaults.

        Always `prediction`, the best text; of labels also `probability` and `probabilities`, by label; of texts
        `truncated`, whether the limit of its length cut it off. With `n_best` over 1 `predictions`, the best texts,
        best first, of which there may be fewer; with `return_scores` `score` (and with both `scores`),
        log-probabilities divided by length ** length_penalty; with `return_attention` `source_tokens`, `target_tokens`
        and `attention`, the weights of the best text, a list per target token. What is drawn for a row follows from
        its number, `first_row` for the first: a table asked in pieces is answered as it would be as a whole.

        Raises:
            UserMistake: a row is no text, or a parameter has a value it may not have.
        """
        request = self._check(params)
        texts = [text_of(self.generator.wording(row), number) for number, row in enumerate(rows)]
        answers = self._together(texts, request.company)
        columns = self.generator.columns(answers)
        answers = [found[: request.n_best] for found in answers]
        if request.n_best > 1:
            columns["predictions"] = [[answer.text for answer in found] for found in answers]
        if request.return_scores:
            columns["score"] = [found[0].score for found in answers]
            if request.n_best > 1:
                columns["scores"] = [[answer.score for answer in found] for found in answers]
        if request.return_attention:
            looks = [self.generator.attention(text, found[0]) for text, found in zip(texts, answers, strict=True)]
            columns["source_tokens"] = [look.source for look in looks]
            columns["target_tokens"] = [look.target for look in looks]
            columns["attention"] = [look.weights for look in looks]
        return columns

    def _check(self, params: Mapping[str, Any]) -> Request:
        known = self.defaults | {name: value for name, value in params.items() if value is not None}
        fields = {name: value for name, value in known.items() if name not in ASKED}
        decoding = check_section(Decoding, fields, "params")
        n_best = known["n_best"]
        field = "samples" if decoding.method == "sample" else "beam_size"
        most: int = getattr(decoding, field)
        if not 1 <= n_best <= most:
            raise UserMistake(f"params: n_best is {n_best} and {field} {most}: n_best is 1 to {field}, set either")
        if known["return_attention"] and not self.attentive:
            raise UserMistake("params: this model has no attention to return: leave return_attention at false")
        first_row = known["first_row"]
        if not 0 <= first_row <= LAST_ROW:
            raise UserMistake(f"params: first_row is {first_row}: it numbers the first row of a request, from 0 on")
        return Request(decoding, n_best, known["return_scores"], known["return_attention"], first_row)

    def _answer(self, texts: Sequence[str], company: Hashable) -> list[list[Answer]]:
        if isinstance(company, Request):
            first = company.first_row
            return self.generator.answer(texts, company.decoding, range(first, first + len(texts)))
        return self.generator.answer(texts, cast(Decoding, company))


def text_of(row: object, number: int) -> str:
    """The text that a row asks about: nothing where it is missing, the digits where it is a number.

    Raises:
        UserMistake: it is something else.
    """
    if isinstance(row, str):
        return row
    if row is None or (isinstance(row, float) and math.isnan(row)) or type(row).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(row, Real) and not isinstance(row, bool):
        return str(row)
    raise UserMistake(f"source: row {number} is a {type(row).__name__}, not a text: write it as a string")
