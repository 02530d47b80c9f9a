"""Recipes and model sections as they are once nothing is left to choose."""

from collections.abc import Mapping
from typing import Any

from seqloom.recipe.schema import ModelSection, Recipe

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
SECTIONS: dict[str, dict[str, Any]] = {
    "vocabulary": {"kind": "bpe", "target_kind": "same", "size": 8000},
    "vectors": {"method": "word2vec", "width": 256},
    "model": PLAIN,
    "training": {
        "epochs": 20,
        "batch_tokens": 2048,
        "learning_rate": 0.001,
        "schedule": "constant",
        "select_by": "loss",
        "patience": 5,
    },
}

Facts = dict[str, Any]


def plain_model(**fields: Any) -> ModelSection:
    """The section with these fields, and a small LSTM for what they leave out."""
    return ModelSection(**{**PLAIN, **fields})


def plain_recipe(tree: Mapping[str, Any]) -> Recipe:
    """The recipe of a tree, with what Seqloom chose for every corpus before it looked at any."""
    return Recipe.model_validate({**tree, **{name: {**SECTIONS[name], **tree.get(name, {})} for name in SECTIONS}})


def facts_of(
    rows: int,
    characters: float = 40.0,
    spaces: float = 0.17,
    distinct: int = 60,
    common: float = 1.0,
    hangul: float = 0.0,
) -> Facts:
    """What a corpus stage tells of so many rows, each side alike."""
    side = {"distinct": distinct, "spaces": spaces, "hangul": hangul}
    return {
        "rows": {"train": rows},
        "characters": {"train": {"source": characters, "target": characters}},
        "alphabet": {"source": side, "target": side, "common": common},
    }
