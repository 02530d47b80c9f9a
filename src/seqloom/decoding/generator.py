"""Text generation with a trained model: strings in, strings out.

S source length, T target length.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.corpus.dialogue_context import Conversation
from seqloom.corpus.running_text import join_lines
from seqloom.corpus.source_context import SourceContext
from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.answer_control import control, described
from seqloom.decoding.answers import (
    EMPTY_ANSWER,
    TRUNCATED,
    Answer,
    Answers,
    AttentionMap,
    Columns,
    ColumnType,
    Unanswerable,
)
from seqloom.decoding.backends import Backend
from seqloom.decoding.closed_answers import choose
from seqloom.decoding.confidence import CONFIDENCE, Confidence, read_confidence
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.known_answers import FROM_MEMORY, KnownAnswers
from seqloom.decoding.long_texts import WHOLE, answer_long
from seqloom.decoding.minimum_bayes_risk import mbr_rank
from seqloom.decoding.source_reader import UNBOUNDED, SourceReader
from seqloom.errors import UserError
from seqloom.malloc import keep_freed_blocks
from seqloom.recipe.applications import application_of
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS
from seqloom.recipe.recipe_json import RECIPE_FILE, read_recipe
from seqloom.vocabulary.special_tokens import END, SPECIAL_TOKENS, VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.decoding.lexical_constraints import Constraint
    from seqloom.decoding.torch_backend import TorchBackend
    from seqloom.models.encoder_decoder import EncoderDecoder
    from seqloom.recipe.schema import DecodingSection, Recipe


class Generator(SourceReader):
    """A model with its vocabularies and decoding options, run by a backend.

    `limit` bounds the length of an answer by that of its source. `language` is that of the source, where a text may be
    answered by sentence; None: it may not. An answer depends on the text, the decoding options and the text's number
    alone, never on the rest of the batch.

    This module imports no PyTorch: a model that CTranslate2 runs is loaded where there is none.
    """

    needs_text = True  # an empty source gets the empty answer, without decoding
    controlled = True  # an answer can carry parts of its text over, and use a glossary

    def __init__(
        self,
        backend: Backend,
        source: Vocabulary,
        target: Vocabulary,
        decoding: "DecodingSection",
        characters: int | None = None,
        tokens: int | None = None,
        conversation: Conversation | None = None,
        limit: LengthLimit | None = None,
        normalizers: Sequence[str] = DEFAULT_NORMALIZERS,
        context: SourceContext | None = None,
        confidence: Confidence | None = None,
        language: str | None = None,
        frames_alone: bool = False,
    ) -> None:
        width = backend.frame_width
        super().__init__(source, characters, tokens, conversation, normalizers, context, width, frames_alone)
        self.backend = backend
        self.target = target
        self.decoding = decoding
        self.limit = limit or LengthLimit()
        self.confidence = confidence
        self.memory: KnownAnswers | None = None
        self.needs_text = self.needs_text and not self.frame_width
        self.controlled = self.controlled and not self.frame_width  # by searches for parts of a text
        self.language = None if self.frame_width else language  # features are of a text as a whole

    @classmethod
    def load(cls, folder: Path) -> "Generator":
        """Load the model of a checkpoint folder, on the CPU.

        Raises:
            UserError: `folder` holds no checkpoint.
        """
        from seqloom.models.model_factory import SIZES_FILE, read_checkpoint
        from seqloom.models.weight_layout import lay_out_for_decoding

        for name in (RECIPE_FILE, SIZES_FILE, *VOCABULARY_FILES):
            if not (folder / name).exists():
                raise UserError(
                    f"{folder} is not a checkpoint folder ({name} is missing); give a folder that training wrote, or "
                    "models:/NAME@ALIAS"
                )
        recipe = read_recipe(folder)
        model = read_checkpoint(recipe.model, folder, recipe.training.objective)
        lay_out_for_decoding(model)
        return cls.from_model(model, folder)

    @classmethod
    def from_model(cls, model: "EncoderDecoder", folder: Path, runs_on_gpu: bool = True) -> "Generator":
        """Combine a model in memory with the vocabularies, the recipe and the length limit in `folder`."""
        from seqloom.decoding.torch_backend import TorchBackend

        keep_freed_blocks()
        recipe = read_recipe(folder)
        source, target = (Vocabulary.load(folder / name) for name in VOCABULARY_FILES)
        return cls(
            TorchBackend(model, runs_on_gpu),
            source,
            target,
            recipe.decoding,
            characters=recipe.corpus.max_characters,
            tokens=None if model.window else _max_tokens(recipe),
            conversation=conversation_of(recipe),
            limit=LengthLimit.load(folder),
            normalizers=recipe.corpus.normalizers,
            context=SourceContext.load(folder),
            confidence=read_confidence(folder),
            language=language_of(recipe),
            frames_alone=recipe.corpus.feature_role == "instead",
        )

    @property
    def torch_backend(self) -> "TorchBackend":
        """The backend, where the caller needs PyTorch's: for attention weights, vectors and log-probabilities."""
        from seqloom.decoding.torch_backend import TorchBackend

        assert isinstance(self.backend, TorchBackend), "the caller has to know that PyTorch runs the model"
        return self.backend

    @property
    def model(self) -> "EncoderDecoder":
        """The PyTorch model."""
        return self.torch_backend.model

    def generate(self, texts: Sequence[str]) -> list[str]:
        """Return one text per text, in order; a text without tokens gives the empty text."""
        return [answers[0].text for answers in self.answer(texts, self.decoding)]

    def columns(self, answers: Answers, decoding: "DecodingSection | None" = None) -> Columns:
        """Return answers by these options as a table: the best text in `prediction`, whether it is `truncated`, …

        Which columns there are follows from the options (`decoding` or those of the model), never from the answers.
        """
        best = [found[0] for found in answers]
        others = {name: [getattr(each, name) for each in best] for name in self._facts(decoding or self.decoding)}
        return {"prediction": [each.text for each in best], **others}

    def reply(self, texts: Sequence[str], decoding: "DecodingSection", numbers: Sequence[int] | None = None) -> Columns:
        """Answer the texts, as `answer` does, and return the answers as a table."""
        return self.columns(self.answer(texts, decoding, numbers), decoding)

    @property
    def column_types(self) -> dict[str, ColumnType]:
        """The type of each column of `columns`."""
        return {"prediction": str, **self._facts(self.decoding)}

    def _facts(self, decoding: "DecodingSection") -> dict[str, ColumnType]:
        """Return the fields of an answer, by type, that are columns with these options."""
        types: dict[str, ColumnType] = {TRUNCATED: bool}
        if decoding.protect:
            types["carried_over"] = str
        if decoding.glossary:
            types["terms_honored"] = float
        if self.memory:
            types[FROM_MEMORY] = bool
        if self.confidence and not decoding.choices:
            types[CONFIDENCE] = float
        if decoding.long_texts == "sentences":
            types["answered_in"] = str
        return types

    def line(self, found: list[Answer]) -> str:
        """Return the best answer on one line, with `↵` for each line feed in it."""
        return join_lines(found[0].text, keep=True) if self.keeps_whitespace else found[0].text

    def whole(self, found: list[Answer]) -> str:
        """Return the best answer as it is, for a terminal that shows the answer to a single text."""
        return found[0].text

    def answer(
        self, texts: Sequence[str], decoding: "DecodingSection", numbers: Sequence[int] | None = None
    ) -> Answers:
        """Return the answers to each text, best first, in the order of the texts.

        There are `decoding.beam_size` of them (fewer if so few are possible), with method sample
        `decoding.num_samples`, of choices all; a text without tokens has one, the empty text. They follow from the
        text, the seed and the number of the text, in `numbers` or from 0 on. Texts of similar length are decoded
        together, `decoding.batch_size` at a time.
        """
        numbers = range(len(texts)) if numbers is None else numbers
        return self.answer_unknown(texts, self.known(texts, decoding), decoding, numbers)

    def known(self, texts: Sequence[str], decoding: "DecodingSection") -> list[str | None]:
        """Return what memory and rules know, None where the model is asked; with choices, which it ranks, always."""
        return self.memory.targets(texts) if self.memory and not decoding.choices else [None] * len(texts)

    def answer_unknown(
        self, texts: Sequence[str], known: Sequence[str | None], decoding: "DecodingSection", numbers: Sequence[int]
    ) -> Answers:
        """Return the answers to each text: what is `known` of it, and the model's where that is None."""
        rows = [row for row, target in enumerate(known) if target is None]
        try:
            found = iter(self._written([texts[row] for row in rows], decoding, [numbers[row] for row in rows]))
        except Unanswerable as error:
            raise Unanswerable(rows[error.row], len(texts), error.why) from None
        return [
            next(found) if target is None else self._remembered(text, target, decoding)
            for text, target in zip(texts, known, strict=True)
        ]

    def _written(self, texts: Sequence[str], decoding: "DecodingSection", numbers: Sequence[int]) -> Answers:
        """Return what the model answers to each text."""
        if decoding.long_texts != "cut":
            return answer_long(self, texts, decoding, numbers)
        if decoding.choices:
            return choose(self, texts, decoding)
        answers = self.search_texts(texts, decoding, numbers)
        if decoding.protect or decoding.glossary:
            answers = control(self, texts, answers, decoding, numbers)
        return [self._with_confidence(found, decoding) for found in answers] if self.confidence else answers

    def _remembered(self, text: str, target: str, decoding: "DecodingSection") -> list[Answer]:
        """Return the answer of the memory or of a rule, of which nobody is in doubt."""
        [tokens] = self.target.encode([target])
        how, sure = WHOLE if decoding.long_texts == "sentences" else "", 1.0 if self.confidence else None
        answer = Answer(target, 0.0, tokens, from_memory=True, confidence=sure, answered_in=how)
        return [described(text, answer, decoding) if decoding.protect or decoding.glossary else answer]

    def _with_confidence(self, found: list[Answer], decoding: "DecodingSection") -> list[Answer]:
        """Return the answers to a text with the confidence in each; one that was put together has its own already."""
        assert self.confidence
        sure = self.confidence.of(found, decoding.length_penalty)
        return [
            each if each.confidence is not None else replace(each, confidence=value)
            for each, value in zip(found, sure, strict=True)
        ]

    def search_texts(
        self,
        texts: Sequence[str],
        decoding: "DecodingSection",
        numbers: Sequence[int],
        constraints: "Sequence[Sequence[Constraint]]" = (),
    ) -> Answers:
        """Return what is found for each text, best first, with or without `constraints` for the answers of each."""
        encoded = self.encode(texts)
        decoded = [bool(ids) or not self.needs_text for ids in encoded]
        answers = [[] if each else self._answer_to_nothing(row, len(texts)) for row, each in enumerate(decoded)]
        rows = sorted((row for row, each in enumerate(decoded) if each), key=lambda row: len(encoded[row]))
        for start in range(0, len(rows), decoding.batch_size):
            chunk = rows[start : start + decoding.batch_size]
            sources, its_numbers = [encoded[row] for row in chunk], [numbers[row] for row in chunk]
            if constraints:
                limits = [self._limit(len(source), decoding) for source in sources]
                some = [constraints[row] for row in chunk]
                found = self.backend.search(sources, limits, decoding, its_numbers, some)
            else:
                found = self._search(sources, decoding, its_numbers)
            for row, hypotheses in zip(chunk, found, strict=True):
                answers[row] = self.detokenize(hypotheses, encoded[row])
        return answers

    def is_usual(self, text: str) -> bool:
        """Return whether a text is read whole, and not longer than nearly all texts of training."""
        return self.reads_whole(text) and self.length(text) <= (self.limit.usual_source or UNBOUNDED)

    def rank(self, found: list[list[Hypothesis]], decoding: "DecodingSection") -> list[list[Hypothesis]]:
        """Order the samples of each text by minimum Bayes risk; what a search found is ordered already."""
        if decoding.method != "sample" or decoding.num_samples == 1:
            return found
        texts = iter(self.target.decode([hypothesis.tokens for drawn in found for hypothesis in drawn]))
        return [[drawn[index] for index in mbr_rank([next(texts) for _ in drawn])] for drawn in found]

    def attention(self, text: str, answer: Answer) -> AttentionMap:
        """Return the attention weights for `answer` to `text`; empty if it is not the model's, or put together."""
        [source] = self.encode([text])
        if not source or answer.from_memory or answer.answered_in not in ("", WHOLE):
            return AttentionMap([], [], [])
        weights = self.torch_backend.attention(source, answer.tokens)
        return AttentionMap(_names(self.source, source), _names(self.target, answer.tokens), weights)

    def max_answer_tokens(self, decoding: "DecodingSection") -> int:
        """Return the most tokens that an answer may have, whatever its source."""
        return min(decoding.max_length, self.tokens or decoding.max_length)

    def _limit(self, source: int, decoding: "DecodingSection") -> int:
        """Return the most tokens, END among them, of the answer to a source of `source` tokens."""
        return min(decoding.max_length, self.limit.tokens(source), self._positions_left(source))

    def _positions_left(self, source: int) -> int:
        """Return the positions that the model has for the answer to a source of `source` tokens."""
        if self.tokens is None:
            return UNBOUNDED
        return self.tokens if self.backend.has_encoder else self.tokens + 1 - source

    def _answer_to_nothing(self, row: int, rows: int) -> list[Answer]:  # noqa: ARG002 subclasses name the row
        """Return the answers to a text without tokens."""
        return [EMPTY_ANSWER]

    def _search(
        self, sources: list[list[int]], decoding: "DecodingSection", numbers: Sequence[int]
    ) -> list[list[Hypothesis]]:
        """Return the hypotheses of each source, best first; its number decides what is drawn for it."""
        limits = [self._limit(len(source), decoding) for source in sources]
        return self.rank(self.backend.search(sources, limits, decoding, numbers), decoding)

    def detokenize(self, hypotheses: list[Hypothesis], source: Sequence[int] = ()) -> list[Answer]:  # noqa: ARG002
        """Return the hypotheses of one source as text; a language model needs the tokens of the source."""
        texts = self.target.decode([hypothesis.tokens for hypothesis in hypotheses])
        return [  # normalized: the model may write any bytes
            Answer(self.target.normalize(text), hypothesis.score, hypothesis.tokens, hypothesis.truncated)
            for text, hypothesis in zip(texts, hypotheses, strict=True)
        ]


def language_of(recipe: "Recipe") -> str | None:
    """Return the language of the sources, where sentences may be answered one by one; None where they may not."""
    return recipe.corpus.source_language if application_of(recipe.task).by_sentence else None


def conversation_of(recipe: "Recipe") -> Conversation | None:
    """Return the rules for cutting a conversation, or None if the task is not about conversations."""
    return Conversation.of(recipe.corpus) if application_of(recipe.task).dialogues else None


def _max_tokens(recipe: "Recipe") -> int | None:
    """Return the longest text of a model with learned positions, in tokens without END; None if there is no bound."""
    model = recipe.model
    learned = model.positions == "learned" and not {"transformer", "cnn"}.isdisjoint((model.encoder, model.decoder))
    return model.max_positions - 1 if learned else None


def _names(vocabulary: Vocabulary, ids: list[int]) -> list[str]:
    return [vocabulary.tokens[token] for token in ids] + [SPECIAL_TOKENS[END]]
