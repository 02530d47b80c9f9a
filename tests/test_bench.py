"""What the benchmark trains can be trained: its recipes are read by the rules of today."""

from pathlib import Path

import pytest

from bench.places import RECIPES
from seqloom.recipe.loading import load_recipe


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.yaml")), ids=lambda file: file.stem)
def test_its_recipes_are_accepted(file: Path) -> None:
    recipe = load_recipe(file, [])
    assert recipe.name == f"bench-{file.stem}"
    assert recipe.training.epochs > 100  # the race ends it, not the recipe
