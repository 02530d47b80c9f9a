"""A checkpoint, or a model under training, to what answers with it."""

from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.generator import Generator
from seqloom.decoding.language_model import LanguageModel
from seqloom.decoding.text_classifier import TextClassifier
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.applications import application_of
from seqloom.recipe.serialization import RECIPE_FILE, read_recipe
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding

_GENERATORS = {
    "text": Generator,
    "label": TextClassifier,
    "continuation": LanguageModel,
}  # by what a kind of task answers


def read_generator(folder: Path) -> Generator:
    """The model of a checkpoint folder, on the CPU.

    Raises:
        UserError: `folder` holds no checkpoint.
    """
    known = (folder / RECIPE_FILE).is_file()
    return _GENERATORS[application_of(read_recipe(folder).task).answer if known else "text"].load(folder)


def generator_of(
    task: str,
    model: EncoderDecoder,
    source: Vocabulary,
    target: Vocabulary,
    decoding: "Decoding",
    limit: LengthLimit,
) -> Generator:
    """A model that is in memory already."""
    return _GENERATORS[application_of(task).answer](model, source, target, decoding, limit=limit)
