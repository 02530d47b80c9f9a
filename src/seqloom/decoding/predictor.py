"""Rows of a request to columns of answers: what a served model does, whoever serves it."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, cast

from seqloom.decoding.backends import CTranslate2Generator, load_generator
from seqloom.decoding.generator import Answer, Columns, Generator
from seqloom.decoding.request_batcher import RequestBatcher
from seqloom.decoding.request_limits import NO_END, RequestLimits, rows_at_once
from seqloom.errors import UserError
from seqloom.recipe.model_rules import attends
from seqloom.recipe.recipe_file import check_section
from seqloom.recipe.schema import Decoding
from seqloom.recipe.serialization import read_recipe

ASKED = {"n_best": 1, "return_scores": False, "return_attention": False, "first_row": 0}
"""What a request may ask for beside the fields of `decoding`, and what it gets where it does not ask."""

LAST_ROW = 2**53  # that a table of JSON can number


@dataclass(frozen=True)
class Request:
    """How a request wants to be answered."""

    decoding: Decoding
    n_best: int
    return_scores: bool
    return_attention: bool
    first_row: int  # the number of the first row, from which what is drawn for it follows


class Predictor:
    """A model behind a table: one row of answers to each row asked, in order.

    Many threads may ask at once; those that ask for the same decoding share batches, to which each brings as many rows
    as the others.
    """

    def __init__(self, generator: Generator, attentive: bool, bounds: RequestLimits | None = None) -> None:
        self.generator = generator
        self.attentive = attentive
        self.bounds = bounds
        self.defaults: dict[str, Any] = {**ASKED, **vars(generator.decoding)}
        room = bounds.serving.waiting_rows if bounds else NO_END
        self._together = RequestBatcher[list[Answer]](self._answer, lambda how: rows_at_once(cast(Decoding, how)), room)

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """The model of a folder that training or `seqloom export` wrote, and what its recipe lets a request ask for."""
        generator, recipe = load_generator(folder), read_recipe(folder)
        attentive = attends(recipe.model) and not isinstance(generator, CTranslate2Generator)
        labels = generator.kinds.get("probabilities", [])
        return cls(generator, attentive, RequestLimits.of(recipe, len(labels) if isinstance(labels, list) else 0))

    def __call__(self, rows: Sequence[object], params: Mapping[str, Any]) -> Columns:
        """The columns of the answer; `params` overrides the defaults.

        Always `prediction`, the best text; of labels also `probability` and `probabilities`, by label; of texts
        `truncated`, whether the limit of its length cut it off. With `n_best` over 1 `predictions`, the best texts,
        best first, of which there may be fewer; with `return_scores` `score` (and with both `scores`),
        log-probabilities divided by length ** length_penalty; with `return_attention` `source_tokens`, `target_tokens`
        and `attention`, the weights of the best text, a list per target token. What is drawn for a row follows from
        its number, `first_row` for the first: a table asked in pieces is answered as it would be as a whole.

        Raises:
            UserError: a row is no text, a parameter has a value it may not have, or more is asked for than this
                version gives.
        """
        request = self._check(params)
        if self.bounds:
            self.bounds.check_rows(len(rows), request.return_attention)
        texts = [text_of(self.generator.wording(row), number) for number, row in enumerate(rows)]
        if self.bounds:
            self.bounds.check(request.decoding, sum(map(len, texts)))
        answers = self._together(texts, request.decoding, request.first_row, self._keeping(request.n_best))
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
        field = "num_samples" if decoding.method == "sample" else "beam_size"
        most: int = getattr(decoding, field)
        if not 1 <= n_best <= most:
            raise UserError(f"params: n_best is {n_best} and {field} {most}: n_best is 1 to {field}, set either")
        if known["return_attention"] and not self.attentive:
            raise UserError("params: this model has no attention to return: leave return_attention at false")
        first_row = known["first_row"]
        if not 0 <= first_row <= LAST_ROW:
            raise UserError(f"params: first_row is {first_row}: it numbers the first row of a request, from 0 on")
        return Request(decoding, n_best, known["return_scores"], known["return_attention"], first_row)

    def _answer(self, texts: Sequence[str], decoding: Hashable, numbers: Sequence[int]) -> list[list[Answer]]:
        return self.generator.answer(texts, cast(Decoding, decoding), numbers)

    def _keeping(self, n_best: int) -> Callable[[list[Answer]], list[Answer]]:
        """What of the answers to a text is kept until all are there; of labels the table tells each."""
        if "probabilities" in self.generator.kinds:
            return lambda found: found
        return lambda found: found[:n_best]


def text_of(row: object, number: int) -> str:
    """The text that a row asks about: nothing where it is missing, the digits where it is a number.

    Raises:
        UserError: it is something else.
    """
    if isinstance(row, str):
        return row
    if row is None or (isinstance(row, float) and math.isnan(row)) or type(row).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(row, Real) and not isinstance(row, bool):
        return str(row)
    raise UserError(f"source: row {number} is a {type(row).__name__}, not a text: write it as a string")
