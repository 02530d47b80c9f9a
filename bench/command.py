"""Run `seqloom` as a child process: a command, or variants of a recipe by `seqloom compare`."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.paths import HOME, ROOT
from seqloom.recipe.recipe_loader import load_recipe


def run_seqloom(home: Path, *arguments: str) -> dict[str, Any]:
    """Run `seqloom ARGUMENTS --json` and return the JSON object that it prints; exit with its code if it fails."""
    command = [sys.executable, "-m", "seqloom.cli.main", *arguments, "--json"]
    environment = {**os.environ, "SEQLOOM_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(done.returncode)
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def compare(base: Path, variants: Mapping[str, Sequence[str]], folder: Path, *options: str) -> dict[str, Any]:
    """Write a recipe for each variant (name and overrides of `base`), compare them, and return the outcome.

    The home is kept, so what was trained is not trained again.
    """
    files = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, override in variants.items():
        recipe = load_recipe(base, [f"name={name}", *override])
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(yaml.safe_dump(recipe.model_dump(), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return run_seqloom(HOME / "findings" / "home", "compare", *map(str, files), *options)
