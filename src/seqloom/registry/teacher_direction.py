"""The direction of a model that teaches: what it answers with what, and what a recipe wants of it."""

from pathlib import Path

from seqloom.errors import UserError
from seqloom.recipe.applications import application_of
from seqloom.recipe.language_tags import same_language
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.schema import CorpusSection, Recipe


def require_direction(recipe: Recipe, checkpoint: Path, name: str, field: str, back: bool) -> None:
    """Refuse a model that cannot teach a recipe.

    It gives labels in place of texts, reads features, or is of other languages where both say theirs. `back` is of
    the model that writes sources for the recipe's targets; `field` names the model.

    Raises:
        UserError: it is one.
    """
    found = read_recipe(checkpoint)
    if application_of(found.task).answer != application_of(recipe.task).answer:
        raise UserError(f"{field}: {name} is of task {found.task}, and task {recipe.task} learns nothing from it")
    if found.corpus.features:
        raise UserError(f"{field}: {name} reads features, which a text has not: name a model of texts alone")
    wanted = _languages(recipe.corpus)
    wanted = wanted[::-1] if back else wanted
    given = _languages(found.corpus)
    if all(same_language(*each) for each in zip(given, wanted, strict=True) if all(each)):
        return
    read, written = (language or "any" for language in given)
    raise UserError(
        f"{field}: {name} reads {read} and writes {written}, and a model is wanted that reads {wanted[0] or 'any'} and "
        f"writes {wanted[1] or 'any'}: name one, or correct the recipe's languages or the field of the texts"
    )


def _languages(section: CorpusSection) -> tuple[str, str]:
    return section.source_language, section.target_language
