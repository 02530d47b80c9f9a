"""Weights of the sources of a recipe's training text.

A bare GPU machine imports this without pydantic, so the fields are imported for their types alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqloom.recipe.recipe_fields import RecipeFields

TAUGHT = "teacher"
"""Name of the source of the pairs that a teacher adds."""


def weights_of_sources(recipe: "RecipeFields") -> dict[str, float]:
    """Return the weights of sources by name, a teacher's if it is not 1; rows of `corpus.train` are seen once."""
    taught = {TAUGHT: recipe.teaching.weight} if recipe.corpus.teacher and recipe.teaching.weight != 1 else {}
    return {each.name: each.weight for each in recipe.corpus.sources} | taught
