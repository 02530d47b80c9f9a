"""Texts in, texts out: a trained model as people use it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seqloom.corpus.conversation import TURN, Conversation, newest
from seqloom.corpus.running_text import join_lines
from seqloom.dataset.batch import make_batch, pad_sources
from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.greedy import greedy_search
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.mbr import mbr_rank
from seqloom.decoding.sampling import draw_uniforms, sample
from seqloom.errors import UserError
from seqloom.models.base import AttentiveDecoder
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.factory import SIZES_FILE, read_checkpoint
from seqloom.models.memory import Memory
from seqloom.recipe.applications import application_of
from seqloom.recipe.serialization import RECIPE_FILE, read_recipe
from seqloom.vocabulary.special_tokens import END, SPECIAL_TOKENS, VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding, Recipe

UNBOUNDED = 1 << 62  # tokens

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """One text that was written, and how sure the model is of it."""

    text: str
    score: float  # log-probability divided by length ** length_penalty; 0 where nothing was asked
    tokens: list[int]  # of the target vocabulary, without START and END
    truncated: bool = False  # it reached its limit before it ended


@dataclass(frozen=True)
class AttentionMap:
    """Where the model looked when it wrote an answer; both sides end with END."""

    source: list[str]  # S tokens
    target: list[str]  # T tokens
    weights: list[list[float]]  # (T, S), each row adds up to 1


Answers = list[list[Answer]]
"""Of each text, the best first."""

Columns = dict[str, list[Any]]
"""Answers as a table has them: a list by column, an entry a text."""

Application = type[str] | type[float] | type[bool] | list[str]
"""Of the entries of a column: texts, numbers, yes or no, or a number for each of these names."""

NOTHING = Answer("", 0.0, [])
TRUNCATED = "truncated"  # the column that says whether an answer was cut off by its limit


def one_below_the_other(tables: Iterable[Mapping[str, Sequence[Any]]]) -> Columns:
    """The rows of several tables with the same columns, in order."""
    together: Columns = {}
    for table in tables:
        for column, values in table.items():
            together.setdefault(column, []).extend(values)
    return together


class Generator:
    """A model with its vocabularies.

    What is read of a text ends after `characters` and `tokens`: the longest that training has seen, and the most that
    the model has places for. Of a conversation it is the newest turns that are read. `limit` says how long an answer
    may be. What comes of a text follows from the text, the decoding and its number alone, whatever is asked beside it.
    """

    runs_on_a_gpu = True
    needs_text = True  # there is no answer to nothing

    def __init__(
        self,
        model: EncoderDecoder,
        source: Vocabulary,
        target: Vocabulary,
        decoding: "Decoding",
        characters: int | None = None,
        tokens: int | None = None,
        conversation: Conversation | None = None,
        limit: LengthLimit | None = None,
    ) -> None:
        self.model = model
        self.source = source
        self.target = target
        self.decoding = decoding
        self.characters = characters
        self.tokens = tokens
        self.conversation = conversation
        self.limit = limit or LengthLimit()

    @classmethod
    def load(cls, folder: Path) -> "Generator":
        """The model of a checkpoint folder, on the CPU.

        Raises:
            UserError: `folder` holds no checkpoint.
        """
        for name in (RECIPE_FILE, SIZES_FILE, *VOCABULARY_FILES):
            if not (folder / name).exists():
                raise UserError(
                    f"{folder} is not a checkpoint folder ({name} is missing); give a folder that training wrote, or "
                    "models:/NAME@ALIAS"
                )
        recipe = read_recipe(folder)
        return cls.around(read_checkpoint(recipe.model, folder, recipe.training.objective), folder)

    @classmethod
    def around(cls, model: EncoderDecoder, folder: Path) -> "Generator":
        """A model that was read already, with the vocabularies and the recipe in `folder`."""
        recipe = read_recipe(folder)
        source, target = (Vocabulary.load(folder / name) for name in VOCABULARY_FILES)
        longest, places = recipe.corpus.max_characters, None if model.window else _places(recipe)
        conversation, limit = conversation_of(recipe), LengthLimit.load(folder)
        return cls(model, source, target, recipe.decoding, longest, places, conversation, limit)

    def move(self, device: torch.device) -> None:
        """Decode there from now on."""
        self.model.to(device)

    def generate(self, texts: Sequence[str]) -> list[str]:
        """One text per text, in order; a text without tokens gives the empty text."""
        return [answers[0].text for answers in self.answer(texts, self.decoding)]

    def columns(self, answers: Answers) -> Columns:
        """What a table tells of answers: the best text in `prediction`, and whether its limit cut it off."""
        best = [found[0] for found in answers]
        return {"prediction": [each.text for each in best], TRUNCATED: [each.truncated for each in best]}

    @property
    def kinds(self) -> dict[str, Application]:
        """Of what kind each of these columns is."""
        return {"prediction": str, TRUNCATED: bool}

    def line(self, found: list[Answer]) -> str:
        """What a terminal shows of the answer to one text, on one line, `↵` for the end of each of several."""
        return join_lines(found[0].text, keep=True) if self.keeps_whitespace else found[0].text

    def whole(self, found: list[Answer]) -> str:
        """What a terminal shows of the answer to the only text that was asked: the text as it is."""
        return found[0].text

    @property
    def keeps_whitespace(self) -> bool:
        """Whether texts and answers have more than single spaces between words."""
        return self.source.keeps_whitespace

    def wording(self, row: object) -> object:
        """What a row asks, as a text where it is one: of a conversation, also a list of turns, the newest of them."""
        return self.conversation.request_context(row) if self.conversation else row

    def answer(self, texts: Sequence[str], decoding: "Decoding", numbers: Sequence[int] | None = None) -> Answers:
        """The best answers to each text, best first; one to a text without tokens, the empty one.

        They are `decoding.beam_size`, fewer where so few are possible, or of method sample `decoding.num_samples`, and
        follow from the text, the seed and the number of the text, in `numbers` or from 0 on. Texts of similar length
        are decoded together, `decoding.batch_size` at a time, and come back in order.
        """
        numbers = range(len(texts)) if numbers is None else numbers
        encoded = self.encode(texts)
        asked = [bool(ids) or not self.needs_text for ids in encoded]
        answers = [[] if asks else self._unread(row, len(texts)) for row, asks in enumerate(asked)]
        rows = sorted((row for row, asks in enumerate(asked) if asks), key=lambda row: len(encoded[row]))
        for start in range(0, len(rows), decoding.batch_size):
            chunk = rows[start : start + decoding.batch_size]
            found = self._search([encoded[row] for row in chunk], decoding, [numbers[row] for row in chunk])
            for row, hypotheses in zip(chunk, found, strict=True):
                answers[row] = self.spell(hypotheses, encoded[row])
        return answers

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The source ids of each text, as far as it is read."""
        if self.conversation:
            texts = [self.conversation.newest(text) for text in texts]
        encoded = self.source.encode([text[: self.characters] for text in texts])
        if self.conversation and self.tokens:
            mark = self.source.tokens.index(TURN) if TURN in self.source.tokens else -1
            encoded = [newest(ids, mark, self.tokens) for ids in encoded]
        cut = sum(len(text) > (self.characters or len(text)) for text in texts)
        if cut:
            logger.warning("%d of %d texts are read up to character %d only", cut, len(texts), self.characters)
        long = sum(len(ids) > (self.tokens or len(ids)) for ids in encoded)
        if long:
            logger.warning("%d of %d texts are read up to token %d only", long, len(texts), self.tokens)
        return [ids[: self.tokens] for ids in encoded]

    @torch.inference_mode()
    def write(
        self, memory: Memory, prompt: Tensor, limits: Sequence[int], decoding: "Decoding", numbers: Sequence[int]
    ) -> list[list[Hypothesis]]:
        """The hypotheses for each row of memory behind the prompt `(B, P)`, best first, of `limits` tokens at most.

        What is drawn for a row follows from its number.
        """
        most = torch.tensor(limits, device=prompt.device)
        if decoding.method == "sample":
            return self._draw(memory, prompt, most, decoding, numbers)
        if decoding.beam_size == 1:
            return [[best] for best in greedy_search(self.model, memory, prompt, most, decoding.length_penalty)]
        return beam_search(self.model, memory, prompt, decoding.beam_size, most, decoding.length_penalty)

    def _draw(
        self, memory: Memory, prompt: Tensor, limits: Tensor, decoding: "Decoding", numbers: Sequence[int]
    ) -> list[list[Hypothesis]]:
        """What is drawn for each row; of several texts first the one that the others agree with most."""
        times = decoding.num_samples
        uniforms = draw_uniforms(decoding.seed, numbers, int(limits.max()), times).to(prompt.device)
        how = (decoding.length_penalty, decoding.temperature, decoding.top_k, decoding.top_p)
        prompt, limits = (each.repeat_interleave(times, dim=0) for each in (prompt, limits))
        drawn = sample(self.model, memory.repeat(times), prompt, limits, uniforms, *how)
        if times == 1:
            return [[only] for only in drawn]
        texts = self.target.decode([hypothesis.tokens for hypothesis in drawn])
        return [
            [drawn[first + place] for place in mbr_rank(texts[first : first + times])]
            for first in range(0, len(drawn), times)
        ]

    @torch.inference_mode()
    def vector(self, ids: list[int]) -> Tensor:
        """The fixed-length vector of a text `(1, D)`, from its source ids."""
        return self.model.encode(pad_sources([ids]).to(next(self.model.parameters()).device)).summary

    @property
    def writes_vectors(self) -> bool:
        """Whether any fixed-length vector can be written as a text: the model sees nothing else of its source."""
        return self.model.decoder.writes_from_summary

    @torch.inference_mode()
    def attention(self, text: str, answer: Answer) -> AttentionMap:
        """Where the model looks when it writes `answer` to `text`; nothing where nothing was read.

        The weights are those of a second run over the whole answer, which sees what the search saw.
        """
        [source] = self.encode([text])
        if not source:
            return AttentionMap([], [], [])
        decoder = self.model.decoder
        assert isinstance(decoder, AttentiveDecoder), "who asks has to know that it attends"
        batch = make_batch([source], [answer.tokens]).to(next(self.model.parameters()).device)
        memory = self.model.encode(batch.source)
        embedded = self.model.target_embedding(batch.target_input)
        _, weights, _ = decoder.attend(embedded, self.model.start(memory), memory)
        return AttentionMap(_names(self.source, source), _names(self.target, answer.tokens), weights[0].tolist())

    def most_tokens(self, decoding: "Decoding") -> int:
        """Tokens that an answer may have, whatever its source."""
        return min(decoding.max_length, self.tokens or decoding.max_length)

    def _limit(self, source: int, decoding: "Decoding") -> int:
        """Tokens that the answer to a source of so many may have, END among those of the answer alone."""
        return min(decoding.max_length, self.limit.tokens(source), self._places_left(source))

    def _places_left(self, source: int) -> int:
        """Tokens that the model has places for; where the answer goes on from the source, behind it."""
        if self.tokens is None:
            return UNBOUNDED
        return self.tokens if self.model.encoder.memory_width else self.tokens + 1 - source

    def _unread(self, row: int, rows: int) -> list[Answer]:  # noqa: ARG002 who answers otherwise says where
        """The answer to a text without tokens."""
        return [NOTHING]

    @torch.inference_mode()
    def _search(self, sources: list[list[int]], decoding: "Decoding", numbers: Sequence[int]) -> list[list[Hypothesis]]:
        """The hypotheses of each source, best first; the number of each decides what is drawn for it."""
        device = next(self.model.parameters()).device
        limits = [self._limit(len(source), decoding) for source in sources]
        return self.write(*self.model.read(pad_sources(sources).to(device)), limits, decoding, numbers)

    def spell(self, hypotheses: list[Hypothesis], source: Sequence[int] = ()) -> list[Answer]:  # noqa: ARG002
        """Tokens to text; a language model goes on from those of the source."""
        texts = self.target.decode([hypothesis.tokens for hypothesis in hypotheses])
        return [  # of normal text, whatever bytes the model wrote
            Answer(self.target.normalize(text), hypothesis.score, hypothesis.tokens, hypothesis.truncated)
            for text, hypothesis in zip(texts, hypotheses, strict=True)
        ]


def conversation_of(recipe: "Recipe") -> Conversation | None:
    """How much a model sees of a conversation, if that is what it is asked."""
    return Conversation.of(recipe.corpus) if application_of(recipe.task).dialogues else None


def _places(recipe: "Recipe") -> int | None:
    """Tokens of the longest text that a model with learned positions can read or write, END not counted."""
    model = recipe.model
    learned = model.positions == "learned" and not {"transformer", "cnn"}.isdisjoint((model.encoder, model.decoder))
    return model.max_positions - 1 if learned else None


def _names(vocabulary: Vocabulary, ids: list[int]) -> list[str]:
    return [vocabulary.tokens[token] for token in ids] + [SPECIAL_TOKENS[END]]
