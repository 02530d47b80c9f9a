"""Variants of a recipe through one `seqloom compare`, in a home that is kept: what was trained is not trained again."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.places import HOME, ROOT
from seqloom.recipe.loading import load_recipe


def compare(base: Path, variants: Mapping[str, Sequence[str]], folder: Path, *options: str) -> dict[str, Any]:
    """Write a recipe for each variant, its name and its overrides of `base`, and compare them; the outcome as JSON."""
    files = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, override in variants.items():
        recipe = load_recipe(base, [f"name={name}", *override])
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(yaml.safe_dump(recipe.model_dump(), allow_unicode=True, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "flows.command_line", "compare", *map(str, files), *options, "--json"]
    environment = {**os.environ, "SEQLOOM_HOME": str(HOME / "findings" / "home")}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome
