"""Parameters of flows: checks, and the recipe of a form or file with overrides on top."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.logging import get_run_logger
from prefect.runtime import deployment
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from seqloom.bundled_files import bundled_file
from seqloom.errors import UserError
from seqloom.recipe.override_grid import combinations
from seqloom.recipe.recipe_loader import change_recipe, check_section, load_recipe
from seqloom.recipe.renamed_fields import with_new_names
from seqloom.recipe.schema import Recipe
from seqloom.url_mask import masked

FORM = load_recipe(bundled_file("recipes/demo.yaml"))
"""The recipe that the form in Prefect's UI is filled with, where its deployment has no recipe file."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def checked_by_recipe_rules(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Check the parameters as Prefect would, but report mistakes as those of a recipe: one sentence each."""

    @wraps(function)
    def checked(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        given = inspect.signature(function).bind(*arguments, **named).arguments
        return function(**checked_parameters(function, given))  # type: ignore[call-arg]

    return checked


def checked_parameters(function: Callable[..., object], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a flow, validated.

    Raises:
        UserError: some of them are not what they should be.
    """
    asked = check_section(_model_of(inspect.unwrap(function)), dict(given), "parameters")
    return {name: getattr(asked, name) for name in type(asked).model_fields}


@cache
def _model_of(function: Callable[..., object]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (parameter.annotation, ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items()
    }
    return create_model("Parameters", __config__=ConfigDict(extra="forbid", allow_inf_nan=False), **fields)


def asked_recipe(recipe: Recipe, recipe_file: str, override: Sequence[str], start: Recipe = FORM) -> Recipe:
    """Return the recipe of a form, or of `recipe_file` with what was changed in the form, which began as `start`.

    Overrides go on top of either.

    Raises:
        UserError: the file is missing or no recipe, or an override says something a recipe may not say.
    """
    if recipe_file:
        return load_recipe(Path(recipe_file), override, edits_in(recipe, start))
    return change_recipe(recipe, override)


def edits_in(recipe: Recipe, start: Recipe) -> dict[str, object]:
    """Return the fields that were changed in a form that began as `start`, by names such as training.epochs."""
    before, now = (_by_name(each) for each in (start, recipe))
    return {name: value for name, value in now.items() if before[name] != value}


def _by_name(recipe: Recipe) -> dict[str, object]:
    named: dict[str, object] = {}
    for name, value in recipe.model_dump().items():
        if isinstance(value, dict):
            named.update({f"{name}.{field}": each for field, each in value.items()})
        else:
            named[name] = value
    return named


def describe_edits(recipe: Recipe, start: Recipe) -> str:
    """Return the same as one line of text, with secrets masked."""
    return masked(", ".join(f"{name}={value}" for name, value in edits_in(recipe, start).items()))


@dataclass(frozen=True)
class Variant:
    """A recipe of a comparison."""

    label: str  # the recipe's name, where there are several, and what is changed in it
    recipe: Recipe


def asked_variants(
    recipe: Recipe, recipe_files: Sequence[str], override: Sequence[str], grid: Sequence[str], start: Recipe = FORM
) -> list[Variant]:
    """Return each recipe with each combination of the grid on top of the overrides, without duplicates.

    Raises:
        UserError: as for `asked_recipe`, a line of the grid is malformed, tasks differ, or fewer than two recipes
            come of it.
    """
    variants: dict[str, Variant] = {}
    for file in recipe_files or ("",):
        for changes in combinations(grid):
            made = asked_recipe(recipe, file, [*override, *changes], start)
            names = [made.name] if len(recipe_files) > 1 or not changes else []
            variants.setdefault(made.model_dump_json(), Variant(masked(" · ".join([*names, *changes])), made))
    tasks = sorted({variant.recipe.task for variant in variants.values()})
    if len(tasks) > 1:
        raise UserError(
            f"recipes of different tasks ({', '.join(tasks)}) have no score in common: compare those of one"
        )
    if len(variants) < 2:
        raise UserError("there is nothing to compare: give a second recipe, or a grid such as model.encoder=lstm,gru")
    return list(variants.values())


def form_start() -> Recipe:
    """Return the recipe that the form of this run was filled with at first: that of its deployment, or the demo's."""
    return _start_of(UUID(str(deployment.id))) if deployment.id else FORM


@cache
def _start_of(deployment_id: UUID) -> Recipe:
    with get_client(sync_client=True) as client:
        schema = client.read_deployment(deployment_id).parameter_openapi_schema or {}
    begun = schema.get("properties", {}).get("recipe", {}).get("default")
    try:
        return Recipe.model_validate(with_new_names(begun)) if begun else FORM
    except ValidationError:  # of another Seqloom: its form no longer fits either
        return FORM


def log_edits(recipe: Recipe, files: str, start: Recipe) -> None:
    """Log what the form changes in a recipe file."""
    if files and (edits := describe_edits(recipe, start)):
        get_run_logger().info("on top of %s, changed in the form: %s", files, edits)
