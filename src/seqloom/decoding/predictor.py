"""Prediction requests: rows and parameters in, columns of answers out, for every server and client."""

import copy
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, cast

from seqloom.decoding.answers import Answer, Columns
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.decoding.request_batcher import RequestBatcher
from seqloom.decoding.request_limits import UNLIMITED, RequestLimits, rows_at_once
from seqloom.errors import UserError
from seqloom.recipe.choice_list import read_choices
from seqloom.recipe.model_rules import attends
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.recipe_loader import check_section
from seqloom.recipe.schema import DecodingSection

PARAMETERS = {"n_best": 1, "return_scores": False, "return_attention": False, "first_row": 0, "use_memory": True}
"""Parameters of a request besides the fields of `decoding`, with their defaults."""

LAST_ROW = 2**53  # highest row number that JSON represents exactly


@dataclass(frozen=True)
class _Options:
    """Options that all texts of a batch share."""

    decoding: DecodingSection
    use_memory: bool


@dataclass(frozen=True)
class Request:
    """The checked parameters of a request."""

    decoding: DecodingSection
    use_memory: bool  # and rules; else the model answers all
    n_best: int
    return_scores: bool
    return_attention: bool
    first_row: int  # number of the first row; decides what is sampled for it


class Predictor:
    """Predict a table: one row of answers for each row of a request, in order.

    Thread-safe; concurrent requests with the same decoding options are batched together.
    """

    def __init__(self, generator: Generator, attentive: bool, limits: RequestLimits | None = None) -> None:
        self.generator = generator
        self._model_alone = copy.copy(generator)
        self._model_alone.memory = None
        self.attentive = attentive
        self.limits = limits
        self.defaults: dict[str, Any] = {**PARAMETERS, **vars(generator.decoding)}
        room = limits.serving.waiting_rows if limits else UNLIMITED
        self._batcher = RequestBatcher[list[Answer]](
            self._answer, lambda options: rows_at_once(cast(_Options, options).decoding), room
        )

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """Load the model of a folder that training or `seqloom export` wrote, with the limits of its recipe."""
        generator, recipe = load_generator(folder), read_recipe(folder)
        attentive = attends(recipe.model) and generator.backend.returns_attention and not generator.frame_width
        labels = generator.column_types.get("probabilities", [])
        return cls(generator, attentive, RequestLimits.of(recipe, len(labels) if isinstance(labels, list) else 0))

    def answer_first_by(self, known: KnownAnswers) -> None:
        """Give these known answers in place of the version's own, before the model is asked."""
        self.generator.memory = known

    def __call__(self, rows: Sequence[object], params: Mapping[str, Any]) -> Columns:
        """Return the columns of the answer; `params` overrides the defaults.

        Always `prediction`, the best text; for labels also `probability` and `probabilities`, by label; for texts
        `truncated`, true if its length limit cut it off. With `n_best` over 1 `predictions`, the best texts, best
        first, of which there may be fewer; with `return_scores` `score` (and with both `scores`), log-probabilities
        divided by length ** length_penalty; with `return_attention` `source_tokens`, `target_tokens` and `attention`,
        the weights of the best text, a list for each target token. Without `use_memory`
        the model answers what memory and rules know, too. What is sampled for a row follows from its number,
        `first_row` for the first: a table sent in pieces gets the same answers as in one request.

        Raises:
            UserError: a row is not a text, the value of a parameter is not valid, or the request exceeds a limit.
        """
        request = self._check(params)
        if self.limits:
            self.limits.check_rows(len(rows), request.return_attention)
        texts = [text_of(self.generator.wording(row, number), number) for number, row in enumerate(rows)]
        if self.limits:
            self.limits.check(request.decoding, sum(map(len, texts)))
        options = _Options(request.decoding, request.use_memory or not self.generator.memory)
        answers = self._batcher(texts, options, request.first_row, self._keep(request.n_best))
        columns = self.generator.columns(answers, request.decoding)
        answers = [found[: request.n_best] for found in answers]
        if request.n_best > 1:
            columns["predictions"] = [[answer.text for answer in found] for found in answers]
        if request.return_scores:
            columns["score"] = [found[0].score for found in answers]
            if request.n_best > 1:
                columns["scores"] = [[answer.score for answer in found] for found in answers]
        if request.return_attention:
            maps = [self.generator.attention(text, found[0]) for text, found in zip(texts, answers, strict=True)]
            columns["source_tokens"] = [each.source for each in maps]
            columns["target_tokens"] = [each.target for each in maps]
            columns["attention"] = [each.weights for each in maps]
        return columns

    def _check(self, params: Mapping[str, Any]) -> Request:
        known = self.defaults | {name: value for name, value in params.items() if value is not None}
        fields = {name: value for name, value in known.items() if name not in PARAMETERS}
        decoding = check_section(DecodingSection, fields, "params")
        n_best = known["n_best"]
        field = "num_samples" if decoding.method == "sample" else "beam_size"
        most: int = getattr(decoding, field)
        if decoding.choices:
            field, most = "the number of choices", len(read_choices(decoding.choices))
        if not 1 <= n_best <= most:
            raise UserError(f"params: n_best is {n_best} and {field} {most}: n_best is 1 to {field}, set either")
        if known["return_attention"] and not self.attentive:
            raise UserError("params: this model has no attention to return: leave return_attention at false")
        first_row = known["first_row"]
        if not 0 <= first_row <= LAST_ROW:
            raise UserError(f"params: first_row is {first_row}: it numbers the first row of a request, from 0 on")
        use_memory, return_scores, return_attention = (
            known[name] for name in ("use_memory", "return_scores", "return_attention")
        )
        return Request(decoding, use_memory, n_best, return_scores, return_attention, first_row)

    def _answer(self, texts: Sequence[str], options: Hashable, numbers: Sequence[int]) -> list[list[Answer]]:
        asked = cast(_Options, options)
        generator = self.generator if asked.use_memory else self._model_alone
        return generator.answer(texts, asked.decoding, numbers)

    def _keep(self, n_best: int) -> Callable[[list[Answer]], list[Answer]]:
        """Return the function that drops answers to a text that are not reported; of labels all are."""
        if "probabilities" in self.generator.column_types:
            return lambda found: found
        return lambda found: found[:n_best]


def text_of(row: object, number: int) -> str:
    """Return the text of a row: empty if it is missing, the digits if it is a number.

    Raises:
        UserError: it is of another type.
    """
    if isinstance(row, str):
        return row
    if row is None or (isinstance(row, float) and math.isnan(row)) or type(row).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(row, Real) and not isinstance(row, bool):
        return str(row)
    raise UserError(f"source: row {number} is a {type(row).__name__}, not a text: write it as a string")
