"""Resolve `models:/name@alias` or `models:/name/version` to a registered version and its files."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

from seqloom.artifact.home_folder import database_file
from seqloom.errors import UserError
from seqloom.registry.checkpoint_folder import MODEL_URI
from seqloom.registry.integrity import require_intact, uri_of
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.tracking_uri import has_registry
from seqloom.registry.ui_links import VERIFY
from seqloom.registry.versions import CHAMPION, aliases_of, no_model

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel


def find_version(model: str, home: Path) -> ModelVersion:
    """Return the registered version that a `models:/` URI names.

    Raises:
        UserError: there is no such version, alias, model or registry.
    """
    parts = MODEL_URI.fullmatch(model)
    if not parts:
        raise UserError(
            f"{model} is not a model; write models:/NAME@ALIAS, models:/NAME/VERSION or a checkpoint folder"
        )
    return _find_version(open_registry(model, home), **parts.groupdict())


def open_registry(wanted: str, home: Path) -> MlflowClient:
    """Return a client of a registry that exists.

    Raises:
        UserError: there is none; `wanted` opens the sentence.
    """
    if not has_registry(home):
        raise UserError(
            f"{wanted}: there is no registry at {database_file(home)}; train a model first, run where it was "
            "trained, or set SEQLOOM_HOME or MLFLOW_TRACKING_URI"
        )
    return connect(home)


def open_model(name: str, home: Path) -> MlflowClient:
    """Return a client of a registry that has a model of this name.

    Raises:
        UserError: there is no registry, or no such model.
    """
    client = open_registry(name, home)
    try:
        client.get_registered_model(name)
    except MlflowException:
        raise UserError(no_model(client, name)) from None
    return client


def fetch(version: ModelVersion, to: Path | None = None) -> Path:
    """Download a version's package and return its folder, every file verified.

    Code that will be run is fetched `to` a private folder, where nobody changes it after verification.

    Raises:
        UserError: it is no version of ours, or it was changed.
    """
    return require_intact(download(version, to), version)


def load_verified(uri: str, backend: str) -> "PyFuncModel":
    """Load a version in one of its backends; from here on MLflow runs nothing in this process that is not intact.

    Raises:
        Exception: whatever MLflow or the version's own code raises where it cannot be loaded.
    """
    os.environ[VERIFY] = "1"
    with warnings.catch_warnings(action="ignore"):  # MLflow's own, on type hints of its own
        import mlflow.pyfunc  # a second that only serving needs

        model: PyFuncModel = mlflow.pyfunc.load_model(uri, model_config={"backend": backend})
    return model


def download(version: ModelVersion, to: Path | None = None) -> Path:
    """Download a version's folder without verification, unless MLflow is set to verify.

    Raises:
        UserError: there is something else than files in it.
    """
    if to is not None:
        to.mkdir(parents=True, exist_ok=True)
    repository = ModelsArtifactRepository(uri_of(version))
    try:
        return Path(repository.download_artifacts("", dst_path=None if to is None else str(to)))
    except MlflowException as error:
        if "named pipe" not in str(error):
            raise
        raise UserError(f"{uri_of(version)} is damaged: a pipe lies where a file belongs") from None


def _find_version(client: MlflowClient, name: str, alias: str | None, version: str | None) -> ModelVersion:
    try:
        if alias:
            return client.get_model_version_by_alias(name, alias)
        assert version
        return client.get_model_version(name, version)
    except MlflowException:
        raise UserError(_what_there_is(client, name, f"alias {alias}" if alias else f"version {version}")) from None


def _what_there_is(client: MlflowClient, name: str, wanted: str) -> str:
    """Return one sentence: what was not found, and which versions and aliases exist."""
    try:
        aliases = aliases_of(client, name)
    except MlflowException:
        return no_model(client, name)
    versions = sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))
    named = ", ".join(f"{alias} (version {number})" for alias, number in sorted(aliases.items()))
    sentence = (
        f"model {name} has no {wanted}; it has versions {', '.join(map(str, versions))} and aliases {named or 'none'}"
    )
    if versions and wanted == f"alias {CHAMPION}":  # all were refused, and the documentation uses this alias
        sentence += f": ask models:/{name}/{versions[-1]}, and see why none is champion with seqloom history {name}"
    return sentence
