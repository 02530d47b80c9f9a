"""A model section as it is once nothing is left to choose."""

from typing import Any

from seqloom.recipe.schema import Model

PLAIN = {
    "encoder": "lstm",
    "decoder": "lstm",
    "attention": "additive",
    "encoder_width": 256,
    "decoder_width": 512,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "feedforward_width": 1024,
}


def plain_model(**fields: Any) -> Model:
    """The section with these fields, and a small LSTM for what they leave out."""
    return Model(**{**PLAIN, **fields})
