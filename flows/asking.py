"""What a run was asked to make: the recipe of the form or of a file, with overrides on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqloom.mask import masked
from seqloom.mistake import UserMistake
from seqloom.recipe.grid import combinations
from seqloom.recipe.loading import change_recipe, load_recipe
from seqloom.recipe.schema import Recipe

FORM = load_recipe(Path(__file__).parents[1] / "recipes" / "demo.yaml")
"""What the form of the Prefect UI starts from."""


def asked_recipe(recipe: Recipe, recipe_file: str, override: Sequence[str]) -> Recipe:
    """`recipe_file`, where one is given, takes the place of the form; overrides go on top of either.

    Raises:
        UserMistake: the file is missing or no recipe, or an override says something a recipe may not say.
    """
    return load_recipe(Path(recipe_file), override) if recipe_file else change_recipe(recipe, override)


@dataclass(frozen=True)
class Variant:
    """One of several recipes to compare."""

    label: str  # the recipe's name, where there are several, and what is changed in it
    recipe: Recipe


def asked_variants(
    recipe: Recipe, recipe_files: Sequence[str], override: Sequence[str], grid: Sequence[str]
) -> list[Variant]:
    """Each recipe with each combination of the grid on top of the overrides; what comes out the same is there once.

    Raises:
        UserMistake: as for `asked_recipe`, a line of the grid is malformed, tasks differ, or fewer than two recipes
            come of it.
    """
    variants: dict[str, Variant] = {}
    for file in recipe_files or ("",):
        for changes in combinations(grid):
            made = asked_recipe(recipe, file, [*override, *changes])
            names = [made.name] if len(recipe_files) > 1 or not changes else []
            variants.setdefault(made.model_dump_json(), Variant(masked(" · ".join([*names, *changes])), made))
    tasks = sorted({variant.recipe.task for variant in variants.values()})
    if len(tasks) > 1:
        raise UserMistake(
            f"recipes of different tasks ({', '.join(tasks)}) have no score in common: compare those of one"
        )
    if len(variants) < 2:
        raise UserMistake("there is nothing to compare: give a second recipe, or a grid such as model.encoder=lstm,gru")
    return list(variants.values())
