"""Recipes stored with a checkpoint: every default written out, read back without pydantic.

A bare GPU machine has torch, numpy and safetensors but no pydantic; the recipe was checked where it was written.
"""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from seqloom.errors import UserError
from seqloom.recipe.form_fields import NAME
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS
from seqloom.recipe.renamed_fields import with_new_names

if TYPE_CHECKING:
    from seqloom.recipe.schema import DecodingSection, Recipe

RECIPE_FILE = "recipe.json"
SECTIONS = ("corpus", "vocabulary", "vectors", "model", "training", "decoding")  # needed to load a model
ADDED: dict[str, dict[str, object]] = {
    "corpus": {
        "delimiter": "auto",
        "escape": "auto",
        "filters": [],
        "max_reject_share": 0.05,
        "normalizers": list(DEFAULT_NORMALIZERS),
        "privacy": "keep",
        "name_list": "",
        "whitespace": "fold",
        "inline_tags": "drop",
        "fuzzy": False,
        "obsolete": False,
        "plural_forms": "ends",
        "msgctxt": False,
        "sheet": "",
        "scheduler": "",
        "source_name": "main",
        "sources": [],
        "query": "",
        "exclude": "",
        "split_by": "source",
        "memory": 0,
        "memory_similarity": 0.5,
        "knowledge": "",
        "features": "",
        "feature_role": "beside",
        "canaries": 0,
        "teacher": "",
        "monolingual_source": [],
        "monolingual_target": [],
    },
    "decoding": {
        "min_length": 0,
        "repetition_penalty": 1.0,
        "no_repeat_ngram": 0,
        "protect": "",
        "glossary": "",
        "long_texts": "cut",
        "choices": "",
        "beam_groups": 1,
        "diversity_penalty": 0.5,
    },
    "evaluation": {
        "linear_baseline": True,
        "test_rows": "all",
        "robustness_rows": 0,
        "slice_by": [],
        "adversarial_budget": 0,
        "similarity_file": "",
        "analogy_file": "",
        "bertscore_model": "",
        "bertscore_layer": 0,
    },
    "model": {"ngram_order": 0},
    "pretraining": {"corpus": [], "epochs": 0},
    "registry": {"price_per_hour": 0.0, "exposure": 0.0, "bertscore": 0.0},
    "vocabulary": {"target_kind": "auto"},
    "teaching": {
        "model": "",
        "prompt_file": "",
        "key": "",
        "answers": 1,
        "temperature": 0.0,
        "max_tokens": 0,
        "concurrency": 4,
        "requests_per_minute": 0,
        "request_budget": 0,
        "token_budget": 0,
        "agreement": 0.0,
        "length_ratio": 0.0,
        "weight": 1.0,
        "copies": True,
        "round_trip": "",
        "round_trip_chrf": 0.0,
    },
    "training": {
        "parent_decay": 0.0,
        "parent_share": 0.0,
        "model_soup": False,
        "nodes": 1,
        "rendezvous": "",
        "privacy_epsilon": 0.0,
        "privacy_delta": 0.0,
    },
    "serving": {
        "memory_file": "",
        "rules_file": "",
        "rows": 100_000,
        "characters": 20_000_000,
        "waiting_rows": 400_000,
        "beam_size": 16,
        "num_samples": 16,
        "max_length": 1000,
        "batch_size": 1024,
        "attention_rows": 1000,
        "drift_limit": 0.25,
        "drift_rows": 100,
        "drift_days": 7,
    },
}
"""Fields added later, by section, with the value that keeps the behavior of recipes without them."""


def write_recipe(recipe: "Recipe", folder: Path) -> None:
    """Write every field of `recipe`, checked or read, to `folder`."""
    text = json.dumps(recipe, default=vars, ensure_ascii=False, indent=2)
    (folder / RECIPE_FILE).write_text(text, encoding="utf-8")


def with_options(decoding: "DecodingSection", **changed: object) -> "DecodingSection":
    """Return decoding options of which some are changed, without the checks."""
    return cast("DecodingSection", SimpleNamespace(**{**vars(decoding), **changed}))


def read_recipe(folder: Path) -> "Recipe":
    """Return what `write_recipe` wrote, now or before fields were added: the same attributes, without the checks.

    Raises:
        UserError: it is something else, or its name could not be part of a folder's name.
    """
    text = (folder / RECIPE_FILE).read_text(encoding="utf-8")
    try:
        named = json.dumps(with_new_names(json.loads(text)))
        recipe = json.loads(named, object_hook=lambda fields: SimpleNamespace(**fields))
    except (ValueError, TypeError, RecursionError):
        recipe = None
    sections = [getattr(recipe, name, None) for name in SECTIONS]
    name = getattr(recipe, "name", None)
    if not all(isinstance(section, SimpleNamespace) for section in sections) or not _is_name(name):
        raise UserError(f"{folder / RECIPE_FILE} is no recipe that training wrote: it is damaged, fetch it again")
    for name, fields in ADDED.items():
        section = vars(vars(recipe).setdefault(name, SimpleNamespace()))
        section.update({**fields, **section})
    return cast("Recipe", recipe)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(NAME, name) is not None
