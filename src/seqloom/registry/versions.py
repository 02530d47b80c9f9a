"""A trained checkpoint to a registered version with its alias."""

import warnings
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

import seqloom
from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from seqloom.registry.tracking import Version

CHAMPION = "champion"
KEY_TAG = "seqloom.key"
CHECKPOINT = "checkpoint"
CODE = Path(__file__).parent / "served_model.py"
SIGNATURE = ModelSignature(Schema([ColSpec("string", "source")]), Schema([ColSpec("string", "prediction")]))
LIBRARIES = ("mlflow", "numpy", "pandas", "rjieba", "safetensors", "tokenizers", "torch")


def register_version(
    client: MlflowClient, recipe: Recipe, run_id: str, key: str, checkpoint: Path, evaluation: Manifest
) -> Version:
    """Log the checkpoint as a model of the run and register it under the recipe's name; the first is champion.

    `key` is the digest of all that made it: where a version carries it already, that version is returned.
    """
    _ensure_registered_model(client, recipe)
    found = find_by_key(client, recipe.name, key)
    if found:
        return found
    model_uri, model_id = _log_model(run_id, checkpoint, _example(evaluation))
    tags = {KEY_TAG: key, **{name: f"{value:.4f}" for name, value in evaluation.facts["metrics"].items()}}
    made = client.create_model_version(recipe.name, model_uri, run_id, tags=tags, model_id=model_id)
    if CHAMPION not in client.get_registered_model(recipe.name).aliases:
        client.set_registered_model_alias(recipe.name, CHAMPION, made.version)
    return describe(client, recipe.name, str(made.version))


def find_by_key(client: MlflowClient, name: str, key: str) -> Version | None:
    """The version that was made from exactly this, if it still exists."""
    found = client.search_model_versions(f"name = '{name}' and tags.`{KEY_TAG}` = '{key}'", max_results=1)
    return describe(client, name, str(found[0].version)) if found else None


def describe(client: MlflowClient, name: str, version: str) -> Version:
    """The version as MLflow has it now."""
    made = client.get_model_version(name, version)
    aliases = sorted(
        alias for alias, number in client.get_registered_model(name).aliases.items() if str(number) == version
    )
    return Version(name, int(version), tuple(aliases), str(made.run_id))


def champion_scores(client: MlflowClient, name: str) -> dict[str, float] | None:
    """Version, BLEU and chrF of the champion, as it was registered; None where there is none, or it is not ours."""
    number = client.get_registered_model(name).aliases.get(CHAMPION)
    if number is None:
        return None
    tags = client.get_model_version(name, str(number)).tags
    if "test/bleu" not in tags or "test/chrf" not in tags:
        return None
    return {"version": int(number), "bleu": float(tags["test/bleu"]), "chrf": float(tags["test/chrf"])}


def _ensure_registered_model(client: MlflowClient, recipe: Recipe) -> None:
    try:
        client.create_registered_model(recipe.name, description=recipe.registry.description or None)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        if recipe.registry.description:
            client.update_registered_model(recipe.name, recipe.registry.description)


def _example(evaluation: Manifest) -> str:
    """A source to show callers what goes in."""
    examples = evaluation.facts["examples"]
    return str(examples[0]["source"]) if examples else "Hello."


def _log_model(run_id: str, checkpoint: Path, example: str) -> tuple[str, str]:
    """Store code, checkpoint, signature and example with the run; return the model's URI and id."""
    requirements = [f"seqloom=={seqloom.__version__}", *(f"{name}=={installed(name)}" for name in LIBRARIES)]
    arguments: dict[str, Any] = {
        "name": "model",
        "python_model": str(CODE),
        "artifacts": {CHECKPOINT: str(checkpoint)},
        "signature": SIGNATURE,
        "input_example": pd.DataFrame({"source": [example]}),
        "pip_requirements": requirements,
    }
    with warnings.catch_warnings(), mlflow.start_run(run_id=run_id):
        warnings.simplefilter("ignore")  # MLflow's own, on type hints that the signature makes needless
        info = mlflow.pyfunc.log_model(**arguments)
    return str(info.model_uri), str(info.model_id)
