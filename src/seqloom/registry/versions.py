"""Register a trained checkpoint as a version with its alias."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import AnyType, Array, Map

from seqloom.artifact.digest import digest_of_file
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.framed_text import FEATURES, FramedText, request_columns
from seqloom.decoding.confidence import CONFIDENCE, CONFIDENCE_FILE
from seqloom.decoding.known_answers import FROM_MEMORY, KNOWN_ANSWERS_FILE, KnownAnswers
from seqloom.evaluation.examples import short_source
from seqloom.recipe.application import Application
from seqloom.recipe.applications import application_of
from seqloom.recipe.pinned_version import DIGITS
from seqloom.recipe.schema import Recipe
from seqloom.registry.checkpoint_folder import OWN_BACKEND
from seqloom.registry.integrity import ARTIFACTS, PACKAGE, SEAL_TAG, digest_of, digest_tags
from seqloom.registry.registered_version import KEY_TAG, Version
from seqloom.registry.seal import CHECKPOINT, DamagedVersion, seal_of, verify
from seqloom.registry.version_package import pack, requirements

CHAMPION, CHALLENGER = "champion", "challenger"
KNOWN_ANSWERS_TAG = "seqloom.known_answers"
BYTECODE = (
    "__pycache__"  # an empty file of a version in place of that folder: whoever loads it adds nothing to its files
)
SHOWN = 20  # names of models in a sentence
SERVED_MODEL = Path(__file__).parent / "served_model.py"
TYPES = {bool: DataType.boolean, int: DataType.long, float: DataType.double, str: DataType.string}


def register_version(
    client: MlflowClient, recipe: Recipe, run_id: str, key: str, checkpoint: Path, evaluation: Manifest
) -> Version:
    """Log the checkpoint as a model of the run and register it under the recipe's name, as the challenger.

    `key` is the digest of all that made it: where a version carries it already, that version is returned.
    """
    _ensure_registered_model(client, recipe)
    found = find_by_key(client, recipe.name, key)
    if found:
        return found
    model_uri, model_id, seal, known = _log_model(client, recipe, run_id, checkpoint, evaluation)
    judged = {f"test/{name}" for name in application_of(recipe.task).judged}  # the run has all of them
    scores = {name: f"{value:.4f}" for name, value in evaluation.facts["metrics"].items() if name in judged}
    tags = {
        KEY_TAG: key,
        SEAL_TAG: seal,
        **known,
        **digest_tags(recipe.name, _digest_of_stored(model_uri, seal)),
        **scores,
    }
    made = client.create_model_version(recipe.name, model_uri, run_id, tags=tags, model_id=model_id)
    client.set_registered_model_alias(recipe.name, CHALLENGER, made.version)
    return describe(client, recipe.name, str(made.version))


def find_by_key(client: MlflowClient, name: str, key: str, tag: str = KEY_TAG) -> Version | None:
    """Return the version that has this key in a tag, if there is one."""
    found = client.search_model_versions(f"name = '{name}' and tags.`{tag}` = '{key}'", max_results=1)
    return describe(client, name, str(found[0].version)) if found else None


def describe(client: MlflowClient, name: str, version: str) -> Version:
    """Return the version as MLflow has it now."""
    made = client.get_model_version(name, version)
    aliases = sorted(alias for alias, number in aliases_of(client, name).items() if number == int(version))
    return Version(name, int(version), tuple(aliases), str(made.run_id))


def aliases_of(client: MlflowClient, name: str) -> dict[str, int]:
    """Return version numbers by alias."""
    return {alias: int(number) for alias, number in client.get_registered_model(name).aliases.items()}


def no_model(client: MlflowClient, name: str) -> str:
    """Return one sentence: there is no such model; which there are, the most similar names first."""
    names = [model.name for model in client.search_registered_models(max_results=1000)]
    nearest = sorted(names, key=lambda other: SequenceMatcher(None, name, other).ratio(), reverse=True)[:SHOWN]
    return f"there is no registered model {name}; registered are: {', '.join(nearest) or 'none yet'}"


def champion_scores(client: MlflowClient, name: str, kind: Application) -> dict[str, float] | None:
    """Return number and judged scores of the champion, as registered; None if it has none."""
    number = client.get_registered_model(name).aliases.get(CHAMPION)
    if number is None:
        return None
    tags = client.get_model_version(name, str(number)).tags
    if any(f"test/{metric}" not in tags for metric in kind.judged):
        return None
    return {"version": int(number), **{metric: float(tags[f"test/{metric}"]) for metric in kind.judged}}


def _ensure_registered_model(client: MlflowClient, recipe: Recipe) -> None:
    try:
        client.create_registered_model(recipe.name, description=recipe.registry.description or None)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        if recipe.registry.description:
            client.update_registered_model(recipe.name, recipe.registry.description)


def _example(evaluation: Manifest) -> str:
    """Return a source text as the version's input example."""
    return short_source(evaluation.facts["examples"], "Hello.")


def signature(recipe: Recipe, confident: bool = False, knowing: bool = False) -> ModelSignature:
    """Return MLflow's signature: `source` in, the application's columns out, and request parameters.

    The answers of a `confident` version have a column for that, and those of one `knowing` some.
    """
    from seqloom.decoding.predictor import PARAMETERS  # torch: seconds that only a new version needs

    defaults = {**PARAMETERS, **recipe.decoding.model_dump()}
    params = ParamSchema([ParamSpec(name, TYPES[type(value)], value) for name, value in defaults.items()])
    asked = AnyType() if application_of(recipe.task).dialogues else DataType.string  # a text, or a list of turns
    answered = [*_answered(recipe, knowing), *([ColSpec("double", CONFIDENCE)] if confident else [])]
    features = [ColSpec(Array(Array(DataType.double)), FEATURES)] if recipe.corpus.features else []
    return ModelSignature(Schema([ColSpec(asked, "source"), *features]), Schema(answered), params)


def _answered(recipe: Recipe, knowing: bool) -> list[ColSpec | TensorSpec]:
    """Return the columns of an answer."""
    text: list[ColSpec | TensorSpec] = [ColSpec("string", "prediction")]
    match application_of(recipe.task).answer:
        case "text":
            known = [ColSpec("boolean", FROM_MEMORY)] if knowing else []
            return [*text, ColSpec("boolean", "truncated"), *known]
        case "continuation":
            numbers = [ColSpec("double", "log_probability"), ColSpec("double", "spelling")]
            return [*text, ColSpec("boolean", "truncated"), *numbers]
    return [*text, ColSpec("double", "probability"), ColSpec(Map(DataType.double), "probabilities")]


def _with_example_features(text: str, checkpoint: Path) -> str:
    """Return a text with one frame of zeros, if the model reads features."""
    from seqloom.models.model_factory import read_sizes  # torch: seconds that only a new version needs

    width = read_sizes(checkpoint).frames
    return FramedText.of(text, np.zeros((1, width), np.float32)) if width else text


def _log_model(
    client: MlflowClient, recipe: Recipe, run_id: str, checkpoint: Path, evaluation: Manifest
) -> tuple[str, str, str, dict[str, str]]:
    """Store code, checkpoint, signature and example with the run; return URI and id, seal, and tag of known answers."""
    with TemporaryDirectory() as folder, warnings.catch_warnings(), mlflow.start_run(run_id=run_id):
        warnings.simplefilter("ignore")  # MLflow's own, on type hints that the signature makes needless
        seal = pack(recipe, checkpoint, Path(folder, PACKAGE), evaluation.path)
        known = _known_answers(Path(folder, PACKAGE, CHECKPOINT))
        arguments: dict[str, Any] = {
            "name": "model",
            "python_model": str(SERVED_MODEL),
            "artifacts": {PACKAGE: str(Path(folder, PACKAGE))},
            "signature": signature(recipe, (evaluation.path / CONFIDENCE_FILE).is_file(), bool(known)),
            "input_example": pd.DataFrame(request_columns([_with_example_features(_example(evaluation), checkpoint)])),
            "pip_requirements": requirements(recipe),
            "model_config": {"backend": OWN_BACKEND, "seal": seal},
        }
        with _no_bytecode():
            info = mlflow.pyfunc.log_model(**arguments)
        (no_folder := Path(folder, BYTECODE)).touch()
        client.log_model_artifact(info.model_id, str(no_folder))
    return str(info.model_uri), str(info.model_id), seal, known


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """Keep Python from writing bytecode beside the code that a version is loaded by."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _known_answers(checkpoint: Path) -> dict[str, str]:
    """Return the tag that says what a version answers before its model is asked; none where that is nothing."""
    known, file = KnownAnswers.load(checkpoint), checkpoint / KNOWN_ANSWERS_FILE
    return {KNOWN_ANSWERS_TAG: f"{known}, sha256 {digest_of_file(file)[:DIGITS]}"} if known else {}


def _digest_of_stored(model_uri: str, seal: str) -> str:
    """Return the digest of what MLflow stored, after comparing it with what was logged."""
    with TemporaryDirectory() as folder:
        stored = Path(mlflow.artifacts.download_artifacts(model_uri, dst_path=folder))
        verify(stored / ARTIFACTS / PACKAGE)
        ours = seal_of(stored / ARTIFACTS / PACKAGE) == seal
        if not ours or (stored / SERVED_MODEL.name).read_bytes() != SERVED_MODEL.read_bytes():
            raise DamagedVersion(f"{model_uri} is not what was just stored there: who else writes to this store?")
        return digest_of(stored)
