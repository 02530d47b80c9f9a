"""Former names of a recipe's fields and values, and what each is called now.

A recipe that a person writes is answered with the new name; one that lies beside a registered version is read by it.
"""

FIELDS = {
    "corpus.by_heart": "overfit",
    "model.source_reversed": "reverse_source",
    "model.kernel_width": "kernel_size",
    "model.places": "max_positions",
    "model.copying": "copy_attention",
    "model.linear_runs": "ngram_order",
    "model.tied": "tie_embeddings",
    "training.row_tokens": "block_size",
    "training.accumulation": "gradient_accumulation",
    "training.optimiser": "optimizer",
    "training.clip_norm": "max_grad_norm",
    "decoding.samples": "num_samples",
    "registry.licence": "license",
    "serving.samples": "num_samples",
}
"""`section.field` as it was, and the field's name now."""
VALUES = {("task", "summarisation"): "summarization", ("corpus.format", "labelled"): "labeled"}
"""A field with a value that it had, and what that is called now."""
TASKS = {
    "summarisation": "summarization",
    "summary": "summarization",
    "classification": "sentiment",
    "text-classification": "sentiment",
    "dialogue": "chat",
    "language-modeling": "generation",
    "autoencoding": "reconstruction",
}
"""What else a recipe may call its task."""


def sentence(place: str) -> str:
    """Say what the field at `place` is called now; empty if it was never called otherwise."""
    section, _, _ = place.rpartition(".")
    return f"{place} is called {section}.{FIELDS[place]} now: rename it" if place in FIELDS else ""


def with_new_names(recipe: object) -> object:
    """Return the parsed recipe of an earlier release with the names that its fields and values have now."""
    if not isinstance(recipe, dict):
        return recipe  # whoever checks it says so
    for place, new in FIELDS.items():
        section, old = place.split(".")
        fields = recipe.get(section)
        if isinstance(fields, dict) and old in fields:
            fields[new] = fields.pop(old)
    for (place, value), new in VALUES.items():
        section, _, field = place.rpartition(".")
        fields = recipe.get(section) if section else recipe
        if isinstance(fields, dict) and fields.get(field) == value:
            fields[field] = new
    return recipe
