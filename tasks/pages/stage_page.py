"""The artifact page of a finished stage: a head, the sections of its stage, and how it was made."""

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from tasks.pages.data_pages import corpus_page, dataset_page, vectors_page, vocabulary_page
from tasks.pages.model_pages import ensemble_page, evaluation_page, training_page, validation_page
from tasks.pages.version_pages import gate_page, registry_page

_SECTIONS = {
    "corpus": corpus_page,
    "vocabulary": vocabulary_page,
    "vectors": vectors_page,
    "dataset": dataset_page,
    "pretraining": training_page,
    "training": training_page,
    "ensemble": ensemble_page,
    "evaluation": evaluation_page,
    "validation": validation_page,
    "registry": registry_page,
    "gate": gate_page,
}


def page(recipe: Recipe, manifest: Manifest) -> str:
    """Return the page in markdown; the headline stands above it, as the artifact's description."""
    head = f"## {manifest.stage.capitalize()} of {recipe.name}\n"
    made = f"*Made in {manifest.seconds:,.1f} s · `{manifest.folder}` · digest `{manifest.digest[:16]}`*\n"
    return "\n".join([head, *_SECTIONS[manifest.stage](manifest), made])
