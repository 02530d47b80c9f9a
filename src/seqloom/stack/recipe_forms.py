"""Parameter forms of deployments: a drop-down of the folder's recipes, and the values of the deployment's own.

Prefect writes a form's schema from the flow alone, which knows of no recipe but the demo's.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse

from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.recipe.schema import Recipe

FILE, FILES, RECIPE = "recipe_file", "recipe_files", "recipe"  # parameters of our flows
_SHOWN, _CHECKED = "recipe~1file", "recipe/file"
"""Names in the schema's definitions of what a recipe file is: to whoever draws the form, and to whoever checks a value.

`#/definitions/recipe~1file` is a JSON pointer to `recipe/file` (RFC 6901), any text; Prefect's UI looks for the name as
it is written, and so draws a drop-down. A file that is not in it can still be asked for: by the command line, by an
automation, and in the form by *Use JSON input*. Where a UI follows the pointer the field is a line of text.
"""


def fit_forms(client: SyncPrefectClient, deployments: list[DeploymentResponse], folder: Path) -> list[str]:
    """Fit the form of each deployment of a folder; return a sentence for each whose recipe cannot be read."""
    warnings: list[str] = []
    files = recipes_in(folder)
    for deployment in deployments:
        schema = deployment.parameter_openapi_schema
        if not schema or not {FILE, FILES} & schema.get("properties", {}).keys():
            continue
        own = [name for name in (deployment.parameters.get(FILE), *(deployment.parameters.get(FILES) or ())) if name]
        try:
            begins = load_recipe(folder / own[0]) if own else None
        except UserError as mistake:
            warnings.append(f"{deployment.name}: {mistake}")
            begins = None
        fitted = fitted_schema(dict(schema), [*files, *own])
        if own and RECIPE in fitted["properties"]:
            _begin_with(fitted["properties"][RECIPE], begins)
        client.update_deployment(deployment.id, DeploymentUpdate(parameter_openapi_schema=fitted))
    return warnings


def recipes_in(folder: Path) -> list[str]:
    """Return the recipe files of a folder and its recipes/, relative to it."""
    found = sorted({*folder.glob("recipes/*.y*ml"), *filter(_is_recipe, folder.glob("*.y*ml"))})
    return [str(path.relative_to(folder)) for path in found if path.is_file()]


def fitted_schema(schema: dict[str, Any], files: list[str]) -> dict[str, Any]:
    """Return the schema of a deployment's parameters with a drop-down of `files`."""
    schema = deepcopy(schema)
    fields, definitions = schema["properties"], schema.setdefault("definitions", {})
    nothing = [""] if FILE in fields and FILE not in schema.get("required", []) else []
    definitions[_SHOWN] = {"type": "string", "enum": [*nothing, *dict.fromkeys(files)]}
    definitions[_CHECKED] = {"type": "string"}
    pointer = f"#/definitions/{_SHOWN}"
    if FILE in fields:
        fields[FILE] = {**{key: value for key, value in fields[FILE].items() if key != "type"}, "$ref": pointer}
    if FILES in fields:
        fields[FILES] = {**fields[FILES], "items": {"$ref": pointer}}
    return schema


def _begin_with(field: dict[str, Any], recipe: Recipe | None) -> None:
    """Fill the form with a recipe, or with none where it cannot be read."""
    field.pop("default", None)
    if recipe:
        field["default"] = recipe.model_dump(mode="json")


def _is_recipe(path: Path) -> bool:
    try:
        load_recipe(path)
    except UserError:
        return False
    return True
