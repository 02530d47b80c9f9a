"""What a run was asked to make: the recipe of the form or of a file, with overrides on top."""

from collections.abc import Sequence
from pathlib import Path

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
