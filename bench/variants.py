"""Variants of a recipe through one `seqloom compare`, in a home that is kept: what was trained is not trained again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.command import told_by
from bench.paths import HOME
from seqloom.recipe.recipe_file import load_recipe


def compare(base: Path, variants: Mapping[str, Sequence[str]], folder: Path, *options: str) -> dict[str, Any]:
    """Write a recipe for each variant, its name and its overrides of `base`, and compare them; the outcome as JSON."""
    files = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, override in variants.items():
        recipe = load_recipe(base, [f"name={name}", *override])
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(yaml.safe_dump(recipe.model_dump(), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return told_by(HOME / "findings" / "home", "compare", *map(str, files), *options)
