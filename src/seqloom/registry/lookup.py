"""`models:/name@alias`, `models:/name/version` or a folder, to the checkpoint it means."""

import os
import re
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from seqloom.mistake import UserMistake
from seqloom.registry.tracking import connect, database_file
from seqloom.registry.versions import CHECKPOINT

MODEL_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))")


def find_checkpoint(model: str, home: Path) -> Path:
    """The checkpoint folder of a registered version, or of the folder itself.

    Raises:
        UserMistake: there is no such version, alias, model, registry or folder.
    """
    if not model.startswith("models:"):
        folder = Path(model)
        if folder.is_dir():
            return folder
        raise UserMistake(
            f"{model}: no such checkpoint folder; give one, or models:/NAME@ALIAS or models:/NAME/VERSION"
        )
    parts = MODEL_URI.fullmatch(model)
    if not parts:
        raise UserMistake(
            f"{model} is not a model; write models:/NAME@ALIAS, models:/NAME/VERSION or a checkpoint folder"
        )
    if not os.environ.get("MLFLOW_TRACKING_URI") and not database_file(home).exists():
        raise UserMistake(
            f"{model}: there is no registry at {database_file(home)}; train a model first, run where it was "
            "trained, or set SEQLOOM_HOME or MLFLOW_TRACKING_URI"
        )
    version = _find_version(connect(home), **parts.groupdict())
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{version.name}/{version.version}"))
    flavour = Model.load(folder).flavors["python_function"]
    if CHECKPOINT not in flavour.get("artifacts", {}):
        raise UserMistake(f"{model} was not made by Seqloom; give a model that seqloom train registered")
    return folder / str(flavour["artifacts"][CHECKPOINT]["path"])


def _find_version(client: MlflowClient, name: str, alias: str | None, version: str | None) -> ModelVersion:
    try:
        if alias:
            return client.get_model_version_by_alias(name, alias)
        assert version
        return client.get_model_version(name, version)
    except MlflowException:
        raise UserMistake(_what_there_is(client, name, f"alias {alias}" if alias else f"version {version}")) from None


def _what_there_is(client: MlflowClient, name: str, wanted: str) -> str:
    """One sentence: what was not found, and what could have been asked for."""
    try:
        aliases = client.get_registered_model(name).aliases
    except MlflowException:
        names = [model.name for model in client.search_registered_models(max_results=20)]
        return f"there is no registered model {name}; registered are: {', '.join(names) or 'none yet'}"
    versions = sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))
    named = ", ".join(f"{alias} (version {number})" for alias, number in sorted(aliases.items()))
    return (
        f"model {name} has no {wanted}; it has versions {', '.join(map(str, versions))} and aliases {named or 'none'}"
    )
