"""Export a version to another backend (CTranslate2, 8-bit), judge it by the gate's rules and store it."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from seqloom.artifact.new_folder import new_folder, require_new
from seqloom.decoding.checkpoint_export import ExportBackend, export
from seqloom.errors import UserError
from seqloom.evaluation import HYPOTHESES_FILE
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.paired_bootstrap import compare
from seqloom.progress import Progress
from seqloom.recipe.applications import metric_of_recipe
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.renamed_fields import with_new_names
from seqloom.recipe.schema import Recipe
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.export_records import EXPORT_TAG, ExportRecord, Side, advice_on, records_of
from seqloom.registry.gate import Contender, Verdict, judge_backend
from seqloom.registry.gate_runner import keep_evidence
from seqloom.registry.integrity import ARTIFACTS, BACKEND_SEAL_TAG, PACKAGE, backend_tags
from seqloom.registry.latency_benchmark import measure, megabytes_of
from seqloom.registry.latency_worker import backend_latencies
from seqloom.registry.model_uri import fetch, find_version, open_registry
from seqloom.registry.seal import BACKENDS, CHECKPOINT, seal
from seqloom.registry.smoke_test import smoke_test
from seqloom.registry.version_package import engine_of


def export_version(model: str, home: Path, backend: ExportBackend, progress: Progress) -> ExportRecord:
    """Add a backend to the version that `model` names, if it passes the gate's rules; its record is kept in any case.

    Raises:
        UserError: there is no such version, it cannot have this backend, or its test rows are not there any more.
    """
    version = find_version(model, home)
    recipe, rows = _recipe_and_rows(version)
    client = open_registry(model, home)
    with TemporaryDirectory() as folder:
        # A copy that nobody else can write to: its code will be run.
        package = fetch(version, Path(folder, version.name, str(version.version)))
        copy = package.parents[1]
        model_id = _logged_model_id(version, copy)
        shutil.rmtree(copy / ARTIFACTS / BACKENDS, ignore_errors=True)
        made = copy / ARTIFACTS / BACKENDS / backend
        export(package / CHECKPOINT, made, backend)
        digest = seal(made)
        record, verdict = _judged(client, version, recipe, rows, copy, backend, progress)
        keep_evidence(client, verdict, str(version.run_id))
        _keep(client, version, model_id, made, digest, record)
    return record


def export_folder(model: str, home: Path, backend: ExportBackend, to: Path | None) -> Path:
    """Write a model in a backend to a folder, whole or not at all; by default the folder is named after both.

    Raises:
        UserError: there is no such model, it cannot have this backend, or the folder exists.
    """
    checkpoint = find_checkpoint(model, home)
    folder = to or Path(f"{read_recipe(checkpoint).name}-{backend}")
    require_new(folder)
    with new_folder(folder) as made:
        export(checkpoint, made, backend)
    return folder


def _judged(
    client: MlflowClient,
    version: ModelVersion,
    recipe: Recipe,
    rows: pd.DataFrame,
    copy: Path,
    backend: ExportBackend,
    progress: Progress,
) -> tuple[ExportRecord, Verdict]:
    """Predict the version's test rows with both backends through `mlflow.pyfunc`, and judge the exported one."""
    number, uri = int(version.version), str(copy)
    folders = (copy / ARTIFACTS / PACKAGE / CHECKPOINT, copy / ARTIFACTS / BACKENDS / backend)
    judge, metric = evaluator_of(recipe.task), metric_of_recipe(recipe).name
    test = EvalSet.of(rows, recipe.corpus.target_language)
    exported = {_backend_key(copy): backend}
    smoke = smoke_test(client.tracking_uri, uri, exported)
    if not smoke.passed:
        raise UserError(f"{version.name}, version {number}, does not answer as {backend}: {smoke.told}")
    before, after = (measure(uri, test.sources, recipe.decoding, "cpu", progress, each) for each in (None, exported))
    counts = [judge.count(metric, measured.replies, test) for measured in (before, after)]
    sizes = [megabytes_of(folder) for folder in folders]
    latencies = backend_latencies(uri, test.sources, recipe.decoding, [None, exported])
    itself, other = (Contender(number, *told) for told in zip(counts, latencies, sizes, strict=True))
    findings = judge_backend(recipe, smoke, itself, other, judge.slices(test))
    verdict = Verdict(
        version.name, number, None, findings, len(test.sources), recipe.decoding.model_dump(), backend=backend
    )
    found = compare(*counts)
    was, became = _side(itself), _side(other)
    interval = (round(found.low, 3), round(found.high, 3))
    told = len(test.sources), recipe.task, metric, was, became, interval, verdict.passed, verdict.why
    advice = advice_on(backend, was, became, records_of(version))
    return ExportRecord(backend, *told, advice, engine_of(backend)), verdict


def _side(contender: Contender) -> Side:
    figures = contender.megabytes, contender.counts.value, contender.latency.p50, contender.latency.p95
    return Side(*(round(figure, 3) for figure in figures))


def _keep(
    client: MlflowClient, version: ModelVersion, model_id: str, made: Path, digest: str, record: ExportRecord
) -> None:
    """Store the files of a backend that passed; the seal comes last, so an interrupted upload is never complete."""
    name, number, tag = version.name, str(version.version), BACKEND_SEAL_TAG + record.backend
    if tag in version.tags:
        client.delete_model_version_tag(name, number, tag)
    if record.passed:
        client.log_model_artifacts(model_id, str(made), f"{ARTIFACTS}/{BACKENDS}/{record.backend}")
    client.set_model_version_tag(name, number, EXPORT_TAG + record.backend, json.dumps(asdict(record)))
    if record.passed:
        for each, value in backend_tags(name, record.backend, digest).items():
            client.set_model_version_tag(name, number, each, value)


def _logged_model_id(version: ModelVersion, folder: Path) -> str:
    """Return the id of MLflow's logged model behind a version, which the version does not always name."""
    model = Model.load(folder)
    if not _model_config(model):
        raise UserError(
            f"models:/{version.name}/{version.version} was registered by a Seqloom whose versions have one backend: "
            "register a new one, or write it to a folder with --to"
        )
    return str(model.model_id)


def _model_config(model: Model) -> Mapping[str, str]:
    config: Mapping[str, str] = model.flavors["python_function"].get("config") or {}
    return config


def _backend_key(folder: Path) -> str:
    """Return what a version calls its backend in `model_config`: versions of 0.1 call it form."""
    return "backend" if "backend" in _model_config(Model.load(folder)) else "form"


def _recipe_and_rows(version: ModelVersion) -> tuple[Recipe, pd.DataFrame]:
    """Return the version's recipe and test rows, with the corpus file of each row where it is known."""
    run = f"runs:/{version.run_id}"
    try:
        kept = yaml.safe_load(mlflow.artifacts.load_text(f"{run}/recipe.yaml"))
        recipe = Recipe.model_validate(with_new_names(kept))
        table = mlflow.artifacts.download_artifacts(f"{run}/evaluation/{HYPOTHESES_FILE}")
        return recipe, pd.read_parquet(table).rename(columns={"reference": "target"})
    except (MlflowException, OSError, ValueError) as error:
        raise UserError(
            f"models:/{version.name}/{version.version}: nobody can judge a backend of it without the recipe and the "
            f"test rows of its MLflow run ({str(error).splitlines()[0]:.200}); write it to a folder with --to"
        ) from None
