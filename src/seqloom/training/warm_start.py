"""Warm start of a training from the weights of another checkpoint."""

from pathlib import Path

import torch
from torch import Tensor, nn

from seqloom.errors import UserError
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import SIZES_FILE, read_checkpoint
from seqloom.recipe.recipe_json import RECIPE_FILE, read_recipe
from seqloom.vocabulary.special_tokens import SOURCE_FILE

FITTED_ANEW = ("linear.", "shares")  # of a classifier with a linear part, by the rows of today
PARENT_FOLDER = "parent"  # of a training's workspace: the checkpoint it goes on from


def start_encoder(model: EncoderDecoder, folder: Path, vocabulary: Path) -> None:
    """Load the encoder and the source embedding of the checkpoint in `folder` into `model`.

    Raises:
        UserError: there is no checkpoint, or its vocabulary or its encoder is another.
    """
    for name in (RECIPE_FILE, SIZES_FILE, SOURCE_FILE):
        if not (folder / name).exists():
            raise UserError(
                f"training.start_encoder_from: {folder} is not a checkpoint folder ({name} is missing); give a folder "
                "that training wrote"
            )
    if (folder / SOURCE_FILE).read_bytes() != (vocabulary / SOURCE_FILE).read_bytes():
        raise UserError(
            f"training.start_encoder_from: {folder} reads the source by another vocabulary; give both recipes the same "
            "corpus and vocabulary sections"
        )
    recipe = read_recipe(folder)
    learned = read_checkpoint(recipe.model, folder, recipe.training.objective)
    for part in ("source_embedding", "encoder"):
        _copy(getattr(learned, part), getattr(model, part), part, folder)


def continue_from(model: EncoderDecoder, folder: Path) -> None:
    """Load all weights of the checkpoint in `folder` into `model`; tokens new to the vocabulary keep their own rows.

    New tokens come after the old ones. Their rows are from vectors that were trained apart, so they are first rotated
    and scaled by the map that brings the old tokens' vectors nearest to their learned rows: orthogonal Procrustes
    (Schönemann 1966), as Smith et al. 2017 (arXiv:1702.03859) align the words of two languages.
    """
    recipe = read_recipe(folder)
    learned = read_checkpoint(recipe.model, folder, recipe.training.objective).state_dict()
    for name, fresh in model.state_dict().items():  # the model's own memory
        if name.startswith(FITTED_ANEW):
            continue
        old = learned[name]
        assert old.shape[1:] == fresh.shape[1:], f"{name}: who pinned the version compared the recipes"
        if old.shape != fresh.shape:
            fresh[len(old) :] = _aligned(fresh, old) if old.dim() == 2 else old.mean()
        fresh[: len(old)] = old


def _aligned(fresh: Tensor, old: Tensor) -> Tensor:
    """Return the rows of `fresh` `(V, E)` after those of `old` `(K, E)`, rotated and scaled into its space."""
    known = fresh[: len(old)]
    u, strengths, v = torch.linalg.svd(known.T.double() @ old.double())
    scale = strengths.sum() / known.double().square().sum().clamp_min(1e-12)
    aligned: Tensor = scale * fresh[len(old) :].double() @ u @ v
    return aligned.to(fresh.dtype)


def _copy(learned: nn.Module, fresh: nn.Module, part: str, folder: Path) -> None:
    theirs, ours = ({name: tuple(x.shape) for name, x in m.state_dict().items()} for m in (learned, fresh))
    for name in sorted(theirs.keys() | ours.keys()):
        if theirs.get(name) != ours.get(name):
            raise UserError(
                f"training.start_encoder_from: {part}.{name} is {theirs.get(name, 'absent')} in {folder} and "
                f"{ours.get(name, 'absent')} here; give both recipes the same vectors.width and encoder"
            )
    fresh.load_state_dict(learned.state_dict())
