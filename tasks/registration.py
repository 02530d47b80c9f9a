"""Prefect tasks of the registry stage: the MLflow run, the registered version and its model card."""

import logging
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from mlflow import MlflowClient
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from seqloom.artifact.cache_key import CORPUS, DATASET, EVALUATION, REGISTRY, TRAINING, Stage
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.registry import corpus_reports, mlflow_runs, model_card, ui_links, version_reports, versions
from seqloom.registry.ensemble_members import EnsemblePlan
from seqloom.registry.mlflow_tracking import connect, wait_for_mlflow
from seqloom.registry.registered_version import Version
from seqloom.registry.run_plan import follow
from seqloom.reports.cost_summary import cost_metrics
from seqloom.reports.privacy_summary import privacy_metrics
from tasks.pages.version_pages import run_description
from tasks.prefect_client import call_prefect, prefect_is_embedded
from tasks.pretraining_task import encoder_of, log_pretraining
from tasks.run_names import artifact_key, task_name
from tasks.stage_runner import name_lock, patient_task, report

logger = logging.getLogger("seqloom.tasks")


@patient_task(name="MLflow run", task_run_name=task_name("MLflow run"))
def open_run(
    recipe: Recipe,
    corpus: Manifest,
    vocabulary: Manifest,
    vectors: Manifest,
    dataset: Manifest,
    force: bool = False,
) -> str:
    """Return the id of the MLflow run that this flow run writes to.

    A run that a kill left open is continued; if every stage is finished and `force` is off, it is the run of the
    registered version.
    """
    home = home_folder()
    client = connect(home)
    wait_for_mlflow(client)
    prepared = (corpus, vocabulary, vectors, dataset)
    made = {manifest.stage: manifest.digest for manifest in prepared}
    version = follow(recipe, home, (TRAINING, EVALUATION, REGISTRY), made)[-1].version
    if version and not force:
        return _run_of_version(client, recipe, version, home)
    key = TRAINING.key(recipe, [made[name] for name in TRAINING.reads])
    run_id = _opened_run(client, recipe, key, prepared, home)
    log_pretraining(client, recipe, run_id)
    return run_id


@patient_task(name="MLflow run", task_run_name="MLflow run · {plan.recipe.name}")
def open_ensemble_run(plan: EnsemblePlan, ensemble: Manifest) -> str:
    """Return the id of the MLflow run of an ensemble: that of the registered version, if it is finished."""
    home, recipe = home_folder(), plan.recipe
    client = connect(home)
    wait_for_mlflow(client)
    made = {CORPUS.name: plan.corpus.digest, DATASET.name: plan.dataset.digest, TRAINING.name: ensemble.digest}
    version = follow(recipe, home, (EVALUATION, REGISTRY), made)[-1].version
    if version:
        return _run_of_version(client, recipe, version, home)
    stages = (plan.corpus, *plan.other_corpora, *plan.inherited, plan.vocabulary, plan.dataset)
    return _opened_run(client, recipe, ensemble.key, stages, home, [each.pinned for each in plan.members])


def _run_of_version(client: MlflowClient, recipe: Recipe, version: Version, home: Path) -> str:
    """Return the id of the run of a version that is registered already."""
    if not mlflow_runs.takes_more(client, version.run_id):
        logger.warning(
            "%s is registered already, but its MLflow run %s was deleted: nothing more is kept with it; delete the "
            "version too, and train again, for one that has a run",
            version.uri,
            version.run_id,
        )
    _link_run(client, recipe, version.run_id, home)
    return version.run_id


def _opened_run(
    client: MlflowClient,
    recipe: Recipe,
    key: str,
    stages: Sequence[Manifest],
    home: Path,
    members: Sequence[str] = (),
) -> str:
    """Open or resume the run of a training or ensemble with this key; log its `stages`, one of which is the corpus."""
    corpus = next(each for each in stages if each.stage == CORPUS.name)
    with name_lock(recipe, "registry"):
        run_id = mlflow_runs.open_run(client, recipe, key, _this_flow_run(), corpus, home, members)
    mlflow_runs.log_facts(client, run_id, stages)
    corpus_reports.log_corpus_report(client, recipe, run_id, corpus, home)
    _link(
        recipe, "data", ui_links.artifact_url(client, run_id, corpus_reports.CORPUS_REPORT, home), "the corpus report"
    )
    _link_run(client, recipe, run_id, home)
    return run_id


@patient_task(name="finished before", task_run_name=task_name("finished before"))
def finished_run(
    recipe: Recipe,
    corpus: Manifest,
    vocabulary: Manifest,
    vectors: Manifest,
    dataset: Manifest,
    stages: Sequence[Stage],
) -> str:
    """Return the id of the finished MLflow run of exactly this training; empty where one of `stages` is not."""
    home = home_folder()
    made = {manifest.stage: manifest.digest for manifest in (corpus, vocabulary, vectors, dataset)}
    if not all(step.cached for step in follow(recipe, home, stages, made)):
        return ""
    key = TRAINING.key(recipe, [made[name] for name in TRAINING.reads])
    return mlflow_runs.find_finished(connect(home), recipe, key)


@patient_task(name="registry", task_run_name=task_name("registry"))
def register(recipe: Recipe, training: Manifest, evaluation: Manifest, run_id: str) -> State[Manifest]:
    """Register the checkpoint as a version, unless exactly this is registered already, and close the run."""
    home = home_folder()
    client = connect(home)
    wait_for_mlflow(client)
    key = REGISTRY.key(recipe, [training.digest, evaluation.digest])
    started = monotonic()
    with name_lock(recipe, "registry"):
        found = versions.find_by_key(client, recipe.name, key)
        version = found
        new = version is None or version.run_id != run_id  # a forced run may make again exactly what is registered
        if version is None or new:
            with mlflow_runs.failing_run_is_closed(client, run_id):
                mlflow_runs.log_facts(client, run_id, (training, evaluation))
                mlflow_runs.log_results(client, run_id, evaluation)
                price = recipe.registry.price_per_hour
                used = cost_metrics(training.facts, evaluation.facts, price) | privacy_metrics(training.facts)
                mlflow_runs.log_metrics(client, run_id, used)
                version = versions.register_version(client, recipe, run_id, key, training.path, evaluation)
        facts = _facts(client, recipe, version, evaluation, home)
        manifest = Manifest(REGISTRY.name, key, key, training.folder, round(monotonic() - started, 3), facts)
        if new:
            version_reports.log_report(client, version, evaluation.path)
        if new or mlflow_runs.is_open(client, run_id):  # open: a kill came between the version and this
            mlflow_runs.describe_run(client, run_id, run_description(recipe, manifest, evaluation, _this_flow_run()))
            mlflow_runs.name_after_version(client, run_id, version.number)
            client.set_terminated(run_id, "FINISHED")
    report_url = ui_links.artifact_url(client, version.run_id, version_reports.report_file(version.number), home)
    _link(recipe, "report", report_url, f"the report of version {version.number}")
    _link(recipe, "version", facts["version_url"], f"version {version.number} in MLflow's registry")
    return report(recipe, manifest, cached=found is not None)


def _link_run(client: MlflowClient, recipe: Recipe, run_id: str, home: Path) -> None:
    _link(recipe, "run", ui_links.run_url(client, run_id, home), "the run in MLflow, with its curves as they grow")


def _facts(client: MlflowClient, recipe: Recipe, version: Version, evaluation: Manifest, home: Path) -> dict[str, Any]:
    return {
        "name": version.name,
        "task": recipe.task,
        "version": version.number,
        "aliases": list(version.aliases),
        "run_id": version.run_id,
        "champion": versions.champion_scores(client, version.name, application_of(recipe.task)),
        "metrics": evaluation.facts["metrics"],
        "run_url": ui_links.run_url(client, version.run_id, home),
        "version_url": ui_links.version_url(version.name, version.number, home),
        "mlflow_command": ui_links.server_command(home),
    }


def _this_flow_run() -> mlflow_runs.FlowRun:
    url = "" if prefect_is_embedded() else str(flow_run.ui_url or "")
    return mlflow_runs.FlowRun(str(flow_run.id), str(flow_run.name), url)


@patient_task(name="card", task_run_name="card · {recipe.name}")
def write_card(recipe: Recipe, stages: Sequence[Manifest], version: Manifest) -> None:
    """Write the model card of the version to MLflow and Prefect's UI, unless that was done before."""
    client = connect(home_folder())
    wait_for_mlflow(client)
    with name_lock(recipe, "card"):
        made = versions.describe(client, recipe.name, str(version.facts["version"]))
        if client.get_model_version(made.name, str(made.number)).description or not mlflow_runs.takes_more(
            client, made.run_id
        ):
            return
        encoder = encoder_of(recipe)
        there = [*stages, encoder] if encoder else stages
        text = model_card.write_card(client, recipe, {manifest.stage: manifest for manifest in there}, made)
    key = artifact_key(recipe, "card")
    call_prefect("the card", lambda: create_markdown_artifact(text, key=key, description=made.uri))


def _link(recipe: Recipe, name: str, url: str, description: str) -> None:
    """Leave a link artifact in the run, unless `url` is empty."""
    if url:
        key = artifact_key(recipe, name)
        text = f"{recipe.name}: {description}"
        call_prefect(f"a link to {url}", lambda: create_link_artifact(url, text, key=key, description=description))
