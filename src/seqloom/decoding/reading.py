"""A checkpoint, or a model under training, to what answers with it."""

from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.batches.length_limit import LengthLimit
from seqloom.decoding.continuing import Continuer
from seqloom.decoding.generator import Generator
from seqloom.decoding.labelling import Labeller
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.kinds.choosing import kind_of
from seqloom.recipe.resolved import RECIPE_FILE, read_recipe
from seqloom.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding

_GENERATORS = {"text": Generator, "label": Labeller, "continuation": Continuer}  # by what a kind of task answers


def read_generator(folder: Path) -> Generator:
    """The model of a checkpoint folder, on the CPU.

    Raises:
        UserMistake: `folder` holds no checkpoint.
    """
    known = (folder / RECIPE_FILE).is_file()
    return _GENERATORS[kind_of(read_recipe(folder).task).answer if known else "text"].load(folder)


def generator_of(
    task: str,
    model: EncoderDecoder,
    source: Vocabulary,
    target: Vocabulary,
    decoding: "Decoding",
    limit: LengthLimit,
) -> Generator:
    """A model that is in memory already."""
    return _GENERATORS[kind_of(task).answer](model, source, target, decoding, limit=limit)
