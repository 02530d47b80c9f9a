"""A finished stage as a page of Prefect's UI."""

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from tasks.pages import (
    corpus_page,
    dataset_page,
    evaluation_page,
    gate_page,
    registry_page,
    training_page,
    validation_page,
    vectors_page,
    vocabulary_page,
)

_PAGES = {
    "corpus": corpus_page,
    "vocabulary": vocabulary_page,
    "vectors": vectors_page,
    "dataset": dataset_page,
    "training": training_page,
    "evaluation": evaluation_page,
    "validation": validation_page,
    "registry": registry_page,
    "gate": gate_page,
}


def page(recipe: Recipe, manifest: Manifest) -> str:
    """What the stage's own page shows, and how it was made; the headline is the artifact's description, above it."""
    head = f"## {manifest.stage.capitalize()} of {recipe.name}\n"
    made = f"*Made in {manifest.seconds:,.1f} s · `{manifest.folder}` · digest `{manifest.digest[:16]}`*\n"
    return "\n".join([head, *_PAGES[manifest.stage].sections(manifest), made])
