"""How the form of Prefect's UI shows a section: first what people touch, and words in the place of a pattern."""

from typing import Any

PATTERNS_IN_WORDS = {
    "name": "name of letters, digits and . _ - that begins with a letter or digit",
    "start_from": "registered version such as models:/NAME@champion or models:/NAME/3",
}
"""What a field with a pattern holds: a sentence for people, and the format of the JSON schema."""

_FIRST = {
    "Recipe": ("name", "task", "corpus", "training", "model", "vocabulary", "decoding", "registry", "evaluation"),
    "Corpus": (
        "train",
        "source_column",
        "target_column",
        "source_language",
        "target_language",
        "format",
        "validation",
        "test",
        "max_characters",
    ),
    "Vectors": ("method", "width", "source_file", "target_file"),
    "Model": (
        "encoder",
        "decoder",
        "attention",
        "encoder_width",
        "decoder_width",
        "encoder_layers",
        "decoder_layers",
        "dropout",
    ),
    "Training": ("epochs", "patience", "batch_tokens", "learning_rate", "select_by", "seed", "device", "start_from"),
    "Decoding": ("method", "beam_size", "max_length"),
    "Registry": ("description", "licence", "approval", "beat_baselines", "policy", "form"),
}
"""By section, the fields that people touch; the rest follows. Prefect's form cannot fold anything away."""


def for_people(section: str, schema: dict[str, Any]) -> None:
    """Give each property its place in the form, and words in the place of a pattern."""
    properties = schema.get("properties", {})
    first = _FIRST.get(section, ())
    order = [*first, *(name for name in properties if name not in first)]
    for name, field in properties.items():
        field["position"] = order.index(name)
        if field.pop("pattern", ""):
            field["format"] = PATTERNS_IN_WORDS[name]
