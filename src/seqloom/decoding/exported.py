"""An exported model as people use it: texts in, texts out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from seqloom.decoding.exporting import EXPORT_FILE, PLACES, ctranslate2
from seqloom.decoding.generator import Generator
from seqloom.decoding.hypothesis import NEVER_WRITTEN, Hypothesis
from seqloom.decoding.reading import read_generator
from seqloom.models.contract import longest_answer
from seqloom.recipe.resolved import read_recipe
from seqloom.vocabulary.special import SPECIAL_TOKENS, VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding


def load_generator(folder: Path) -> Generator:
    """The model of a folder that training or `seqloom export` wrote."""
    return ExportedGenerator(folder) if (folder / EXPORT_FILE).is_file() else read_generator(folder)


class ExportedGenerator(Generator):
    """CTranslate2 in place of torch. Greedy search finds the same tokens; its beam search keeps its own rules."""

    runs_on_a_gpu = False

    def __init__(self, folder: Path, threads: int = 0) -> None:
        recipe = read_recipe(folder)
        self.source, self.target = (Vocabulary.load(folder / name) for name in VOCABULARY_FILES)
        self.decoding = recipe.decoding
        self.characters = recipe.corpus.max_characters
        self.tokens = (recipe.model.places if recipe.model.positions == "learned" else PLACES) - 1
        self._ids = {token: number for number, token in enumerate(self.target.tokens)}
        self._engine: Any = ctranslate2().Translator(str(folder), device="cpu", intra_threads=threads)

    def move(self, device: torch.device) -> None:
        """It stays on the CPU, which it was exported for."""

    def _search(self, sources: list[list[int]], decoding: "Decoding") -> list[list[Hypothesis]]:
        longest = min(decoding.max_length, longest_answer(max(map(len, sources)) + 1), self.tokens or 1 << 62)
        found = self._engine.translate_batch(
            [[self.source.tokens[token] for token in source] for source in sources],
            beam_size=decoding.beam_size,
            num_hypotheses=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            max_decoding_length=longest,
            return_scores=True,
            disable_unk=True,
            suppress_sequences=[[SPECIAL_TOKENS[token]] for token in NEVER_WRITTEN],
            max_input_length=0,
        )
        return [
            [
                Hypothesis([self._ids[token] for token in tokens], score)
                for tokens, score in zip(each.hypotheses, each.scores, strict=True)
            ]
            for each in found
        ]
