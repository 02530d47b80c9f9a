"""What the benchmark trains can be trained: its recipes are read by the rules of today."""

from pathlib import Path

import pytest

from bench import architectures, embeddings
from bench.applications import APPLICATIONS, Application
from bench.places import RECIPES, ROOT
from seqloom.recipe.loading import load_recipe


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.yaml")), ids=lambda file: file.stem)
def test_its_recipes_are_accepted(file: Path) -> None:
    recipe = load_recipe(file, [])
    assert recipe.name == f"bench-{file.stem}"
    assert recipe.training.epochs > 100  # the race ends it, not the recipe


@pytest.mark.parametrize(
    ("recipe", "override"),
    [
        *((architectures.RECIPE, override) for override in architectures.VARIANTS.values()),
        *((embeddings.RECIPE, override) for override in embeddings.variants_with(Path("some.vec")).values()),
    ],
)
def test_what_it_compares_can_be_trained(recipe: Path, override: list[str]) -> None:
    load_recipe(recipe, override)


@pytest.mark.parametrize("application", APPLICATIONS.values(), ids=APPLICATIONS)
def test_every_application_can_be_trained(application: Application) -> None:
    recipe = ROOT / "recipes" / f"{application.recipe}.yaml"
    load_recipe(recipe, [*application.places, *application.others])
