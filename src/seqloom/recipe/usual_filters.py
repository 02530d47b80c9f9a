"""The filters that are usual for a task, for a recipe that has none."""

from typing import TYPE_CHECKING

from seqloom.errors import UserError
from seqloom.recipe.applications import application_of
from seqloom.recipe.filter_expressions import is_script
from seqloom.recipe.language_tags import language_of

if TYPE_CHECKING:
    from seqloom.recipe.recipe_fields import RecipeFields


def usual_filters(recipe: "RecipeFields") -> list[str]:
    """Return expressions from which the user of a task may choose.

    Raises:
        UserError: the task learns from running text, which is not filtered.
    """
    application, corpus = application_of(recipe.task), recipe.corpus
    if application.running_text:
        raise UserError(
            f"task {recipe.task}: filters drop rows, and running text has none; there is nothing to preview"
        )
    if application.answer == "label":
        return [
            "source.no_html",
            "source.no_invisible_characters",
            "source.repeated_ngrams<=0.5",
            "near_duplicates<=0.8",
        ]
    filters = ["no_html", "no_invisible_characters", "repeated_ngrams<=0.5"]
    if recipe.task == "translation":
        compared = ["length_ratio<=9", "no_copy", "numbers_match>=0.5", "urls_match"]
        languages = map(language_of, (corpus.source_language, corpus.target_language))
        known = all(language and is_script(language.script) for language in languages)
        filters = [*compared, *filters, *(["script_share>=0.3", "language>=0.05"] if known else [])]
    return filters if corpus.turns else [*filters, "near_duplicates<=0.8"]
