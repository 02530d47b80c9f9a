"""Names of flow runs, task runs and artifacts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from seqloom.recipe.model_rules import describe_model
from seqloom.recipe.schema import Recipe


def recipe_and_model(recipe: Recipe) -> str:
    """Return recipe and model, such as `multi30k-en-de · lstm→lstm additive`."""
    return f"{recipe.name} · {describe_model(recipe.model)}"


def run_name(recipe: Recipe) -> str:
    """Return the name of a flow run, and of its MLflow run, that begins now."""
    return f"{recipe_and_model(recipe)} · {datetime.now():%Y-%m-%d %H:%M}"


def task_name(stage: str) -> Callable[[dict[str, Any]], str]:
    """Return a function from a task's parameters to the name of its run, as Prefect takes it, for stages of a model."""

    def name(parameters: dict[str, Any]) -> str:
        return f"{stage} · {recipe_and_model(parameters['recipe'])}"

    return name


def artifact_key(recipe: Recipe, *parts: str) -> str:
    """Return a key of lower-case ASCII letters, digits and dashes, as Prefect takes it."""
    text = "-".join((recipe.name, *parts)).lower()
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)
