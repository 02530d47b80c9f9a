"""A training that goes on from a registered version: which one, and whether it can."""

import shutil
from pathlib import Path

from seqloom.mistake import UserMistake
from seqloom.recipe.architecture import positions_of
from seqloom.recipe.resolved import read_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.lookup import fetch, find_version
from seqloom.registry.sealed import CHECKPOINT

_FREE = {"dropout", "linear_runs"}  # fields of the model section that change nothing of what a network learns


def pin_parent(recipe: Recipe, home: Path) -> Recipe:
    """The recipe with the version that `training.start_from` means now, by its number: what a key can be made of.

    Raises:
        UserMistake: there is no such version, or a model of this recipe cannot take its weights.
    """
    wanted = recipe.training.start_from
    if not wanted:
        return recipe
    version = find_version(wanted, home)
    uri = f"models:/{version.name}/{version.version}"
    parent = read_recipe(fetch(version) / CHECKPOINT)
    fields = [("model", name) for name in type(recipe.model).model_fields if name not in _FREE]
    for section, field in [*fields, ("vectors", "width"), ("vocabulary", "kind"), ("vocabulary", "shared")]:
        theirs, ours = (_said(each, section, field) for each in (parent, recipe))
        if theirs != ours:
            raise UserMistake(
                f"training.start_from: {uri} has {section}.{field} {theirs} and this recipe {ours}: set it to {theirs}"
            )
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"start_from": uri})})


def _said(recipe: Recipe, section: str, field: str) -> object:
    """What a recipe has in a field; of positions those that are meant."""
    if field == "positions":
        return positions_of(recipe.model)
    return getattr(getattr(recipe, section), field, None)


def parent_of(recipe: Recipe, home: Path) -> Path | None:
    """The checkpoint of the version that a pinned recipe goes on from."""
    start_from = recipe.training.start_from
    return fetch(find_version(start_from, home)) / CHECKPOINT if start_from else None


def place_parent(recipe: Recipe, home: Path, workspace: Path) -> None:
    """Copy that checkpoint to where a training looks for it, in whatever process."""
    from seqloom.training.starting import PARENT_FOLDER  # torch: seconds that only a training needs

    parent = parent_of(recipe, home)
    if parent:
        shutil.rmtree(workspace / PARENT_FOLDER, ignore_errors=True)
        shutil.copytree(parent, workspace / PARENT_FOLDER)
