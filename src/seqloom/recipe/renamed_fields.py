"""Former names of a recipe's fields and values, and what each is called now.

For a recipe that a person writes, the error names the new one; a stored recipe is converted.
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
    "registry.form": "backend",
    "registry.licence": "license",
    "serving.samples": "num_samples",
}
"""Former `section.field`, and the new name of the field."""
VALUES = {("task", "summarisation"): "summarization", ("corpus.format", "labelled"): "labeled"}
"""Former values of fields, and their new names."""
TASKS = {
    "summarisation": "summarization",
    "summary": "summarization",
    "classification": "sentiment",
    "text-classification": "sentiment",
    "dialogue": "chat",
    "language-modeling": "generation",
    "autoencoding": "reconstruction",
    "g2p": "transduction",
    "grapheme-to-phoneme": "transduction",
    "transliteration": "transduction",
    "inflection": "transduction",
}
"""Synonyms of tasks that a recipe may use."""


def sentence(name: str) -> str:
    """Return a sentence with the new name of a field; empty if it was never renamed."""
    section, _, _ = name.rpartition(".")
    return f"{name} is called {section}.{FIELDS[name]} now: rename it" if name in FIELDS else ""


def with_new_names(recipe: object) -> object:
    """Return the parsed recipe of an earlier release with the names that its fields and values have now."""
    if not isinstance(recipe, dict):
        return recipe  # validation reports it
    for name, new in FIELDS.items():
        section, old = name.split(".")
        fields = recipe.get(section)
        if isinstance(fields, dict) and old in fields:
            fields[new] = fields.pop(old)
    for (name, value), new in VALUES.items():
        section, _, field = name.rpartition(".")
        fields = recipe.get(section) if section else recipe
        if isinstance(fields, dict) and fields.get(field) == value:
            fields[field] = new
    return recipe
