"""Names that mean something in a list: of flow runs, of task runs, of artifacts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from seqloom.recipe.model_rules import describe_model
from seqloom.recipe.schema import Recipe


def recipe_and_model(recipe: Recipe) -> str:
    """Such as `multi30k-en-de · lstm→lstm additive`."""
    return f"{recipe.name} · {describe_model(recipe.model)}"


def run_name(recipe: Recipe) -> str:
    """The name of a flow run, and of its MLflow run, that begins now."""
    return f"{recipe_and_model(recipe)} · {datetime.now():%Y-%m-%d %H:%M}"


def task_name(stage: str) -> Callable[[dict[str, Any]], str]:
    """Names the task runs of a stage that depends on the model, as Prefect wants it: a function of the parameters."""

    def name(parameters: dict[str, Any]) -> str:
        return f"{stage} · {recipe_and_model(parameters['recipe'])}"

    return name


def artifact_key(recipe: Recipe, *parts: str) -> str:
    """Prefect takes lower-case letters, digits and dashes."""
    text = "-".join((recipe.name, *parts)).lower()
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)
