"""Runs of one name that would write the same: one after the other."""

from contextlib import AbstractContextManager

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.store import Store
from seqloom.recipe.schema import Recipe


def alone(recipe: Recipe, place: str) -> AbstractContextManager[None]:
    """While this lasts no other run of the recipe's name is in the same place; a wait for it is said."""
    return Store(home_folder()).alone(f"{place}-{recipe.name}", f"the {place} of {recipe.name}")
