"""An exported model as people use it: texts in, texts out."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch

from seqloom.artifact.damaged_folder import read_whole
from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.generator import Generator, conversation_of
from seqloom.decoding.hypothesis import SUPPRESSED_TOKENS, Hypothesis
from seqloom.decoding.int8 import read_int8
from seqloom.decoding.language_model import LanguageModel
from seqloom.decoding.load import read_generator
from seqloom.decoding.text_classifier import TextClassifier
from seqloom.errors import UserError
from seqloom.recipe.applications import application_of
from seqloom.recipe.serialization import read_recipe
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding, Recipe


EXPORT_FILE = "export.json"


def places_of(recipe: "Recipe") -> int:
    """Tokens of the longest text that a model reads or writes in CTranslate2, which wants a table of all positions."""
    if recipe.model.positions == "learned":
        return recipe.model.max_positions
    return 2 * max(recipe.corpus.max_characters, recipe.decoding.max_length)  # two tokens a character are rare


def load_generator(folder: Path) -> Generator:
    """The model of a folder that training or `seqloom export` wrote.

    Raises:
        UserError: it holds none, or one that is damaged.
    """
    with read_whole(folder):
        file = folder / EXPORT_FILE
        if not file.is_file():
            return read_generator(folder)
        if json.loads(file.read_text(encoding="utf-8"))["form"] != "torch-int8":
            return CTranslate2Generator(folder)
        form = _INT8[application_of(read_recipe(folder).task).answer]
        return form.around(read_int8(folder), folder)


def ctranslate2() -> ModuleType:
    """The engine, which is not installed with everything else.

    Raises:
        UserError: it is not installed.
    """
    try:
        import ctranslate2 as engine
    except ImportError:
        raise UserError("CTranslate2 is not installed: pip install ctranslate2") from None
    module: ModuleType = engine
    return module


class OnCpuAlone(Generator):
    """What an engine made for CPUs runs."""

    runs_on_a_gpu = False

    def move(self, device: torch.device) -> None:
        """It stays where it is."""


class Int8Generator(OnCpuAlone):
    """torch with products of 8 bits."""


class Int8TextClassifier(OnCpuAlone, TextClassifier):
    """The same, for labels."""


class Int8LanguageModel(OnCpuAlone, LanguageModel):
    """The same, for texts that go on."""


_INT8: dict[str, type[OnCpuAlone]] = {
    "text": Int8Generator,
    "label": Int8TextClassifier,
    "continuation": Int8LanguageModel,
}
"""By what a kind of task answers."""


class CTranslate2Generator(OnCpuAlone):
    """CTranslate2 in place of torch: greedy search finds the same tokens, beam search keeps rules of its own.

    It shows nobody its attention, and every model that it runs has attention.
    """

    tokens: int
    writes_vectors = False

    def __init__(self, folder: Path, threads: int = 0) -> None:
        recipe = read_recipe(folder)
        self.source, self.target = (Vocabulary.load(folder / name) for name in VOCABULARY_FILES)
        self.decoding = recipe.decoding
        self.characters = recipe.corpus.max_characters
        self.tokens = places_of(recipe) - 1
        self.conversation = conversation_of(recipe)
        self.limit = LengthLimit.load(folder)
        self._ids = {token: number for number, token in enumerate(self.target.tokens)}
        self._engine: Any = ctranslate2().Translator(str(folder), device="cpu", intra_threads=threads)

    def _search(
        self,
        sources: list[list[int]],
        decoding: "Decoding",
        numbers: Sequence[int],  # noqa: ARG002 nothing is drawn
    ) -> list[list[Hypothesis]]:
        if decoding.method == "sample":
            raise UserError("CTranslate2 draws by no seed: set method to beam, or ask the version's own form, torch")
        limits = [self._limit(len(source), decoding) for source in sources]
        found = self._translate(sources, max(limits), decoding)
        for limit in sorted(set(limits)):  # the engine knows one limit a batch: who passed their own are asked again
            over = [row for row, each in enumerate(found) if limits[row] == limit and _passes(each, limit)]
            if over and limit < max(limits):
                again = self._translate([sources[row] for row in over], limit, decoding)
                for row, each in zip(over, again, strict=True):
                    found[row] = each
        return [
            [replace(each, truncated=len(each.tokens) >= limit) for each in hypotheses]
            for hypotheses, limit in zip(found, limits, strict=True)
        ]

    def _places_left(self, source: int) -> int:  # noqa: ARG002 every model that it runs has an encoder
        return self.tokens

    def _translate(self, sources: list[list[int]], limit: int, decoding: "Decoding") -> list[list[Hypothesis]]:
        """Hypotheses of at most so many tokens for every source; those that are not possible are left out."""
        found = self._engine.translate_batch(
            [[self.source.tokens[token] for token in source] for source in sources],
            beam_size=decoding.beam_size,
            num_hypotheses=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            max_decoding_length=limit,
            return_scores=True,
            disable_unk=True,
            suppress_sequences=[[SPECIAL_TOKENS[token]] for token in SUPPRESSED_TOKENS],
            max_input_length=0,
        )
        return [
            [
                Hypothesis([self._ids[token] for token in tokens], score)
                for tokens, score in zip(each.hypotheses, each.scores, strict=True)
                if math.isfinite(score)
            ]
            for each in found
        ]


def _passes(hypotheses: list[Hypothesis], limit: int) -> bool:
    """Whether a search with a higher limit went on behind this one; END is a token, too."""
    return any(len(each.tokens) >= limit for each in hypotheses)
