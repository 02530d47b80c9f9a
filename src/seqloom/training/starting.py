"""The weights a training starts from, where another has learned some of them before."""

from pathlib import Path

from torch import nn

from seqloom.mistake import UserMistake
from seqloom.models.building import SIZES_FILE, read_checkpoint
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.resolved import RECIPE_FILE, read_recipe
from seqloom.vocabulary.special import SOURCE_FILE


def start_encoder(model: EncoderDecoder, folder: Path, vocabulary: Path) -> None:
    """Give `model` the encoder and the source embedding of the checkpoint in `folder`.

    Raises:
        UserMistake: there is no checkpoint, or its vocabulary or its encoder is another.
    """
    for name in (RECIPE_FILE, SIZES_FILE, SOURCE_FILE):
        if not (folder / name).exists():
            raise UserMistake(
                f"training.start_encoder_from: {folder} is not a checkpoint folder ({name} is missing); give a folder "
                "that training wrote"
            )
    if (folder / SOURCE_FILE).read_bytes() != (vocabulary / SOURCE_FILE).read_bytes():
        raise UserMistake(
            f"training.start_encoder_from: {folder} reads the source by another vocabulary; give both recipes the same "
            "corpus and vocabulary sections"
        )
    recipe = read_recipe(folder)
    learned = read_checkpoint(recipe.model, folder, recipe.training.objective)
    for part in ("source_embedding", "encoder"):
        _copy(getattr(learned, part), getattr(model, part), part, folder)


def _copy(learned: nn.Module, fresh: nn.Module, part: str, folder: Path) -> None:
    theirs, ours = ({name: tuple(x.shape) for name, x in m.state_dict().items()} for m in (learned, fresh))
    for name in sorted(theirs.keys() | ours.keys()):
        if theirs.get(name) != ours.get(name):
            raise UserMistake(
                f"training.start_encoder_from: {part}.{name} is {theirs.get(name, 'absent')} in {folder} and "
                f"{ours.get(name, 'absent')} here; give both recipes the same vectors.width and encoder"
            )
    fresh.load_state_dict(learned.state_dict())
