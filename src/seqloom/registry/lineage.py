"""Lineage of a registered version: the digest of each stage, as tags of its MLflow run."""

import json
from collections.abc import Mapping

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from seqloom.artifact.cache_key import ENSEMBLE, PRETRAINING, STAGES
from seqloom.errors import UserError
from seqloom.registry.integrity import uri_of
from seqloom.registry.mlflow_runs import find_run
from seqloom.registry.registered_version import KEY_TAG

LINEAGE_TAG = "seqloom.lineage"  # JSON, on the version
OLD_LINEAGE = "seqloom.lineage."  # prefix of a tag per item, on versions of earlier releases
DIGITS = 16  # of the digests in them
KNOWN_ANSWERS = "known answers"  # a translation memory and rules
MEMBERS = "members"  # of an ensemble: its versions, pinned, with spaces between them
RAW_CORPUS = "raw_corpus"  # the corpus stage of a pretraining
PARENT_CORPUS = "parent_corpus"  # of an ensemble: what an ancestor of a member has learned from
RAW = (PRETRAINING.name, RAW_CORPUS, PARENT_CORPUS)


def write_lineage(client: MlflowClient, name: str, number: str, lineage: Mapping[str, str]) -> None:
    """Write the lineage to a tag of the version."""
    fields = {what.replace(" ", "_"): value for what, value in lineage.items()}
    client.set_model_version_tag(name, number, LINEAGE_TAG, json.dumps(fields, ensure_ascii=False))


def lineage_of(version: ModelVersion) -> dict[str, str]:
    """Return the lineage in a version's tags; empty before it has a card."""
    tags = version.tags
    before = {tag.removeprefix(OLD_LINEAGE): value for tag, value in tags.items() if tag.startswith(OLD_LINEAGE)}
    return {**before, **json.loads(tags.get(LINEAGE_TAG, "{}"))}


def stages_of_version(client: MlflowClient, version: ModelVersion) -> Mapping[str, str]:
    """Return the digest of each stage of a version, or its first digits where the run was removed.

    Raises:
        UserError: neither the run nor the version says so.
    """
    run_id = str(version.run_id)
    lineage = lineage_of(version)
    if find_run(client, run_id) is not None:
        # The run has no stage of raw text that was cleaned up before; its digest is in the lineage all the same.
        return {**_named(lineage, {RAW_CORPUS, PARENT_CORPUS}), **stages_of(client, run_id)}
    known = _named(lineage, {*(stage.name for stage in STAGES), ENSEMBLE.name, *RAW})
    if not known:
        raise UserError(
            f"nobody can say what {uri_of(version)} was made from: its MLflow run {version.run_id} was deleted before "
            "the version had a card; delete the version, too"
        )
    return known


def _named(lineage: Mapping[str, str], stages: set[str]) -> dict[str, str]:
    """Return the items of a lineage that are such stages; an ensemble's other corpora are corpus-2, …"""
    return {name: digest for name, digest in lineage.items() if name.partition("-")[0] in stages}


def stages_of(client: MlflowClient, run_id: str) -> Mapping[str, str]:
    """Return the digest of each stage that a run recorded; none if it was killed early.

    Raises:
        UserError: the run's files are not there.
    """
    try:
        files = [file.path for file in client.list_artifacts(run_id, "stages")]
        stages = {file: mlflow.artifacts.load_dict(f"runs:/{run_id}/{file}") for file in files}
    except (MlflowException, OSError, ValueError) as error:
        raise UserError(
            f"MLflow cannot say what its run {run_id} was made from ({str(error).splitlines()[0]}); bring its files "
            "back, or delete the run and its version"
        ) from None
    return {file.rpartition("/")[2].removesuffix(".json"): str(facts["digest"]) for file, facts in stages.items()}


def newest_version(client: MlflowClient, name: str) -> ModelVersion | None:
    """Return the version of this model that Seqloom trained last, champion or not; an ensemble was not trained."""
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number DESC"])
    return next((version for version in found if KEY_TAG in version.tags and MEMBERS not in lineage_of(version)), None)
