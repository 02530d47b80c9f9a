"""Layout of a recipe's form in Prefect's UI: the order of fields, and their limits in words.

Limits are the `format` of a field: before it submits, Prefect's UI has the server check only types, choices and
formats. `seqloom.stack.prefect_server` knows these formats; another server ignores them, and refuses a number out of
range, one at a time, when the run is created.
"""

from collections.abc import Mapping
from typing import Any

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""Pattern of a registered model's name: it becomes part of names of folders."""

PATTERNS_IN_WORDS = {
    "name": "name of letters, digits and . _ - that begins with a letter or digit",
    "source_name": "name of letters, digits and . _ - that begins with a letter or digit",
    "study": "name of letters, digits and . _ - that begins with a letter or digit, or nothing",
    "scheduler": "address of a Dask scheduler such as tcp://10.0.0.5:8786, or nothing",
    "rendezvous": "host and port such as 10.0.0.5:29400, or nothing",
    "start_from": "registered version such as models:/NAME@champion or models:/NAME/3",
}
"""Contents of the fields that have a pattern, for error sentences and as the format of the JSON schema."""

_FIRST = {
    "Recipe": ("name", "task", "corpus", "training", "model", "vocabulary", "decoding", "registry", "evaluation"),
    "CorpusSection": (
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
    "VectorsSection": ("method", "width", "source_file", "target_file"),
    "ModelSection": (
        "encoder",
        "decoder",
        "attention",
        "encoder_width",
        "decoder_width",
        "encoder_layers",
        "decoder_layers",
        "dropout",
    ),
    "TrainingSection": (
        "epochs",
        "patience",
        "batch_tokens",
        "learning_rate",
        "select_by",
        "seed",
        "device",
        "start_from",
    ),
    "DecodingSection": ("method", "beam_size", "max_length"),
    "RegistrySection": ("description", "license", "approval", "beat_baselines", "policy", "backend"),
}
"""By section, the fields most often changed; the others follow, since Prefect's form cannot collapse them."""


def for_people(schema: dict[str, Any]) -> None:
    """Set a section's title, the position of each property in the form, and its limits in words."""
    properties = schema.get("properties", {})
    first = _FIRST.get(schema["title"], ())
    schema["title"] = schema["title"].removesuffix("Section")
    order = [*first, *(name for name in properties if name not in first)]
    for name, field in properties.items():
        field["position"] = order.index(name)
        words = PATTERNS_IN_WORDS[name] if field.pop("pattern", "") else _range_in_words(field)
        if words:
            field["format"] = words


def is_within(field: Mapping[str, Any], value: object) -> bool:
    """Return whether a number, or the length of a text, is within its schema's limits; other types pass."""
    if isinstance(value, str):
        return bool(field.get("minLength", 0) <= len(value) <= field.get("maxLength", len(value)))
    if not isinstance(value, int | float):
        return True
    low, high = field.get("minimum", value), field.get("maximum", value)
    above, below = field.get("exclusiveMinimum"), field.get("exclusiveMaximum")
    return bool(low <= value <= high and (above is None or value > above) and (below is None or value < below))


def _range_in_words(field: Mapping[str, Any]) -> str:
    """Return a field's limits, such as `whole number, 1 or more, 256 or less`; empty without limits."""
    kinds = {"integer": "whole number", "number": "number", "string": "text"}
    limits = (
        ("minimum", "{:,} or more"),
        ("exclusiveMinimum", "more than {:,}"),
        ("maximum", "{:,} or less"),
        ("exclusiveMaximum", "less than {:,}"),
        ("minLength", "{:,} characters or more"),
        ("maxLength", "{:,} characters or less"),
    )
    parts = [words.format(_plain(field[limit])) for limit, words in limits if limit in field]
    return ", ".join([kinds.get(field.get("type", ""), "value"), *parts]) if parts else ""


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number
