"""Interface of the inference backends of a `Generator`, and the backend of CTranslate2, which needs no PyTorch."""

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS, Hypothesis
from seqloom.errors import UserError
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

    from seqloom.decoding.lexical_constraints import Constraint
    from seqloom.recipe.schema import DecodingSection, Recipe


class Backend(Protocol):
    """Search for hypotheses, given token ids."""

    @property
    def runs_on_gpu(self) -> bool:
        """True if `move` may be given a GPU."""

    @property
    def returns_attention(self) -> bool:
        """True if the attention weights of the model can be read."""

    @property
    def takes_constraints(self) -> bool:
        """True if beam search can be given phrases that an answer has to contain."""

    @property
    def has_encoder(self) -> bool:
        """True if source and answer are numbered apart; without an encoder the answer is numbered behind the source."""

    @property
    def frame_width(self) -> int:
        """Features of a frame that the model reads in front of a source; 0 if it reads none."""

    @property
    def writes_from_summary(self) -> bool:
        """True if the decoder sees the fixed-length vector of the source and nothing else of it."""

    def move(self, device: "torch.device") -> None:
        """Decode on this device from now on."""

    def search(
        self,
        sources: list[list[int]],
        limits: Sequence[int],
        decoding: "DecodingSection",
        numbers: Sequence[int],
        constraints: "Sequence[Sequence[Constraint]]" = (),
    ) -> list[list[Hypothesis]]:
        """Return the hypotheses of each source, of at most `limits` tokens, END among them.

        Those of beam search are ordered best first, samples as they were drawn; the row's number in `numbers` decides
        what is drawn for it. With `constraints`, phrases of each source's answers, those that have all come first.
        """

    def score(self, sources: list[list[int]], choices: list[list[int]]) -> list[list[float]]:
        """Return the log-probability of each choice, END included, as the answer to each source."""


PAIRS_AT_ONCE = 256  # of a text and a choice
THREADS_OF_A_TEXT = 1
"""Threads of CTranslate2 for one text: its matrices are too small to share, and threads that wait for each other cost
up to twice the processor time of one (docs/notes/speed.md)."""


def available_cores() -> int:
    """Return the cores that this process may use: OMP_NUM_THREADS if it is set, else those of its affinity."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return int(limit) if limit.isdecimal() and int(limit) else len(os.sched_getaffinity(0))


class CTranslate2Backend:
    """CTranslate2, on the CPU: greedy search finds the same tokens as PyTorch, beam search has rules of its own.

    It runs Transformers with an encoder only, and returns no attention weights. A text is translated on one thread, the
    texts of a batch on all cores, each core a part of them.
    """

    runs_on_gpu = False
    returns_attention = False
    takes_constraints = False
    has_encoder = True
    frame_width = 0
    writes_from_summary = False

    def __init__(self, folder: Path, source: Vocabulary, target: Vocabulary) -> None:
        self.source, self.target = source, target
        self._ids = {token: number for number, token in enumerate(target.tokens)}
        self._workers = available_cores()
        self._engine: Any = ctranslate2().Translator(
            str(folder), device="cpu", inter_threads=self._workers, intra_threads=THREADS_OF_A_TEXT
        )

    def move(self, device: "torch.device") -> None:
        """Do nothing: the engine runs on the CPU."""

    def search(
        self,
        sources: list[list[int]],
        limits: Sequence[int],
        decoding: "DecodingSection",
        numbers: Sequence[int],  # noqa: ARG002 nothing is drawn
        constraints: "Sequence[Sequence[Constraint]]" = (),
    ) -> list[list[Hypothesis]]:
        """See `Backend.search`.

        Raises:
            UserError: sampling is asked for, of which the engine has no seed for each row, or groups of the beam.
        """
        if decoding.method == "sample":
            raise UserError("CTranslate2 draws by no seed: set method to beam, or ask the version's own backend, torch")
        if decoding.beam_groups > 1:
            raise UserError("CTranslate2 has one beam: set beam_groups to 1, or ask the version's own backend, torch")
        assert not any(constraints), "the caller has to know that there is no constrained search"
        found = self._translate(sources, max(limits), decoding)
        for limit in sorted(set(limits)):  # the engine has one limit a batch: rows that exceed their own are run again
            over = [row for row, each in enumerate(found) if limits[row] == limit and _reaches(each, limit)]
            if over and limit < max(limits):
                again = self._translate([sources[row] for row in over], limit, decoding)
                for row, each in zip(over, again, strict=True):
                    found[row] = each
        return [
            [replace(each, truncated=len(each.tokens) >= limit) for each in hypotheses]
            for hypotheses, limit in zip(found, limits, strict=True)
        ]

    def score(self, sources: list[list[int]], choices: list[list[int]]) -> list[list[float]]:
        """See `Backend.score`."""
        texts = [[self.source.tokens[token] for token in source] for source in sources]
        answers = [[self.target.tokens[token] for token in choice] for choice in choices]
        pairs = [(text, answer) for text in texts for answer in answers]
        parts = map(list, zip(*pairs, strict=True))
        scored = self._engine.score_batch(*parts, max_input_length=0, max_batch_size=PAIRS_AT_ONCE)
        totals = [sum(each.log_probs) for each in scored]
        return [totals[first : first + len(choices)] for first in range(0, len(totals), len(choices))]

    def _translate(self, sources: list[list[int]], limit: int, decoding: "DecodingSection") -> list[list[Hypothesis]]:
        """Return hypotheses of at most `limit` tokens for every source, without those of probability 0."""
        found = self._engine.translate_batch(
            [[self.source.tokens[token] for token in source] for source in sources],
            beam_size=decoding.beam_size,
            num_hypotheses=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            max_decoding_length=limit,
            min_decoding_length=min(decoding.min_length, limit),
            repetition_penalty=decoding.repetition_penalty,
            no_repeat_ngram_size=decoding.no_repeat_ngram,
            return_scores=True,
            disable_unk=True,
            suppress_sequences=[[SPECIAL_TOKENS[token]] for token in SUPPRESSED_TOKENS],
            max_input_length=0,
            max_batch_size=max(1, math.ceil(len(sources) / self._workers)),
        )
        return [
            [
                Hypothesis([self._ids[token] for token in tokens], score)
                for tokens, score in zip(each.hypotheses, each.scores, strict=True)
                if math.isfinite(score)
            ]
            for each in found
        ]


def _reaches(hypotheses: list[Hypothesis], limit: int) -> bool:
    """Return True if a search with a higher limit may have written more than `limit` tokens, END among them."""
    return any(len(each.tokens) >= limit for each in hypotheses)


def ctranslate2() -> ModuleType:
    """Import the engine, an optional dependency.

    Raises:
        UserError: it is not installed.
    """
    try:
        import ctranslate2 as engine
    except ImportError:
        raise UserError("CTranslate2 is not installed: pip install ctranslate2") from None
    module: ModuleType = engine
    return module


def position_table_size(recipe: "Recipe") -> int:
    """Return the positions of a CTranslate2 model, whose table of position encodings has a fixed size."""
    if recipe.model.positions == "learned":
        return recipe.model.max_positions
    parts = 1 + recipe.corpus.memory + bool(recipe.corpus.knowledge)  # a source and its context
    return 2 * max(parts * recipe.corpus.max_characters, recipe.decoding.max_length)  # two tokens a character are rare
