"""The parent version of a training with `training.start_from`: resolved, compared and copied."""

import shutil
from pathlib import Path

from seqloom.artifact.digest import digest_of_folder
from seqloom.decoding.generator_loader import ENSEMBLE_FILE
from seqloom.errors import UserError
from seqloom.recipe.adaptive_defaults import inherit
from seqloom.recipe.model_rules import positions_of
from seqloom.recipe.pinned_version import DIGITS, pin_version, split_pin
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.seal import CHECKPOINT

_FREE = {"dropout", "ngram_order"}  # fields of the model section that change nothing of what a network learns


def pin_parent(recipe: Recipe, home: Path) -> Recipe:
    """Return the recipe with `training.start_from` pinned to a version number and its checkpoint's digest.

    The digest is part of the cache key, because MLflow reuses the numbers of a deleted model.

    Raises:
        UserError: there is no such version, it is not the one that was pinned, or a model of this recipe cannot take
            its weights.
    """
    if not recipe.training.start_from:
        return recipe
    uri, checkpoint, digest = _find(recipe.training.start_from, home)
    parent = read_recipe(checkpoint)
    fields = [("model", name) for name in type(recipe.model).model_fields if name not in _FREE]
    fields += [("vectors", "width"), ("vocabulary", "kind"), ("vocabulary", "shared")]
    recipe = inherit(recipe, parent, fields)
    for section, field in fields:
        theirs, ours = (_value(each, section, field) for each in (parent, recipe))
        if theirs != ours:
            raise UserError(
                f"training.start_from: {uri} has {section}.{field} {theirs} and this recipe {ours}: set it to {theirs}"
            )
    pinned = pin_version(uri, digest)
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"start_from": pinned})})


def _value(recipe: Recipe, section: str, field: str) -> object:
    """Return the value of a recipe's field; of positions the resolved one."""
    if field == "positions":
        return positions_of(recipe.model)
    return getattr(getattr(recipe, section), field, None)


def parent_of(recipe: Recipe, home: Path) -> Path | None:
    """Return the checkpoint of a pinned recipe's parent version.

    Raises:
        UserError: another version has its number by now.
    """
    start_from = recipe.training.start_from
    return _find(start_from, home)[1] if start_from else None


def _find(start_from: str, home: Path) -> tuple[str, Path, str]:
    """Return the parent version's URI, checkpoint and digest."""
    from seqloom.registry.model_uri import fetch, find_version  # MLflow: seconds that a recipe without one is spared

    wanted, pinned = split_pin(start_from)
    version = find_version(wanted, home)
    uri, checkpoint = f"models:/{version.name}/{version.version}", fetch(version) / CHECKPOINT
    if (checkpoint / ENSEMBLE_FILE).is_file():
        raise UserError(f"training.start_from: {uri} is an ensemble, which is not trained: name one of its members")
    digest = digest_of_folder(checkpoint)
    if not digest.startswith(pinned):
        raise UserError(
            f"training.start_from: {uri} is another version than the one that was meant, its checkpoint has the digest "
            f"{digest[:DIGITS]} and not {pinned}: MLflow gives the number of a deleted one again; name the version "
            "to start from, without #sha256="
        )
    return uri, checkpoint, digest


def copy_parent(recipe: Recipe, home: Path, workspace: Path) -> None:
    """Copy the parent's checkpoint into the training's workspace."""
    from seqloom.training.warm_start import PARENT_FOLDER  # torch: seconds that only a training needs

    parent = parent_of(recipe, home)
    if parent:
        shutil.rmtree(workspace / PARENT_FOLDER, ignore_errors=True)
        shutil.copytree(parent, workspace / PARENT_FOLDER)
