"""A finished stage as a page of Prefect's UI."""

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from tasks.pages import batches, corpus, evaluation, gate, registry, training, validation, vectors, vocabulary

_PAGES = {
    "corpus": corpus,
    "vocabulary": vocabulary,
    "vectors": vectors,
    "batches": batches,
    "training": training,
    "evaluation": evaluation,
    "validation": validation,
    "registry": registry,
    "gate": gate,
}


def page(recipe: Recipe, manifest: Manifest) -> str:
    """What the stage's own page shows, and how it was made; the headline is the artifact's description, above it."""
    head = f"## {manifest.stage.capitalize()} of {recipe.name}\n"
    made = f"*Made in {manifest.seconds:,.1f} s · `{manifest.folder}` · digest `{manifest.digest[:16]}`*\n"
    return "\n".join([head, *_PAGES[manifest.stage].sections(manifest), made])
