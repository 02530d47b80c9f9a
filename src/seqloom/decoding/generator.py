"""Texts in, texts out: a trained model as people use it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.batches.batch import pad_sources
from seqloom.corpus.normalising import normalise
from seqloom.decoding.beam import beam_search
from seqloom.decoding.greedy import greedy_search
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.mistake import UserMistake
from seqloom.models.building import SIZES_FILE, read_checkpoint
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.resolved import RECIPE_FILE, read_recipe
from seqloom.vocabulary.special import VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding


class Generator:
    """A model with its vocabularies."""

    def __init__(self, model: EncoderDecoder, source: Vocabulary, target: Vocabulary, decoding: "Decoding") -> None:
        self.model = model
        self.source = source
        self.target = target
        self.decoding = decoding

    @classmethod
    def load(cls, folder: Path) -> "Generator":
        """The model of a checkpoint folder, on the CPU.

        Raises:
            UserMistake: `folder` holds no checkpoint.
        """
        for name in (RECIPE_FILE, SIZES_FILE, *VOCABULARY_FILES):
            if not (folder / name).exists():
                raise UserMistake(
                    f"{folder} is not a checkpoint folder ({name} is missing); give a folder that training wrote, or "
                    "models:/NAME@ALIAS"
                )
        recipe = read_recipe(folder)
        source, target = (Vocabulary.load(folder / name) for name in VOCABULARY_FILES)
        return cls(read_checkpoint(recipe.model, folder, recipe.training.objective), source, target, recipe.decoding)

    def generate(self, texts: Sequence[str]) -> list[str]:
        """One text per text, in order; a text without tokens gives the empty text."""
        encoded = self.source.encode(texts)
        answers = [""] * len(texts)
        rows = sorted((row for row in range(len(texts)) if encoded[row]), key=lambda row: len(encoded[row]))
        for start in range(0, len(rows), self.decoding.batch_size):
            chunk = rows[start : start + self.decoding.batch_size]
            best = self._search([encoded[row] for row in chunk])
            for row, text in zip(chunk, self.target.decode([hypothesis.tokens for hypothesis in best]), strict=True):
                answers[row] = normalise(text)  # one line, whatever bytes the model wrote
        return answers

    def _search(self, sources: list[list[int]]) -> list[Hypothesis]:
        """The best hypothesis of each source."""
        section = self.decoding
        device = next(self.model.parameters()).device
        source = pad_sources(sources).to(device)  # (B, S)
        longest = min(section.max_length, self.model.decoder.longest_answer(source.shape[1]))
        if section.beam_size == 1:
            return greedy_search(self.model, source, longest, section.length_penalty)
        beams = beam_search(self.model, source, section.beam_size, longest, section.length_penalty)
        return [beam[0] for beam in beams]
