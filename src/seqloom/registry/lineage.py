"""What a registered version was made from: its MLflow run was told the digest of each stage."""

from collections.abc import Mapping

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from seqloom.mistake import UserMistake
from seqloom.registry.tracking import Version
from seqloom.registry.versions import KEY_TAG, describe


def stages_of(client: MlflowClient, run_id: str) -> Mapping[str, str]:
    """The digest of each stage that a run was told of; a run that was killed early was told of none.

    Raises:
        UserMistake: the run's files are not there.
    """
    try:
        files = [file.path for file in client.list_artifacts(run_id, "stages")]
        told = {file: mlflow.artifacts.load_dict(f"runs:/{run_id}/{file}") for file in files}
    except (MlflowException, OSError, ValueError) as error:
        raise UserMistake(
            f"MLflow cannot say what its run {run_id} was made from ({str(error).splitlines()[0]}); bring its files "
            "back, or delete the run and its version"
        ) from None
    return {file.rpartition("/")[2].removesuffix(".json"): str(facts["digest"]) for file, facts in told.items()}


def newest_version(client: MlflowClient, name: str) -> Version | None:
    """The version of this model that Seqloom registered last, champion or not."""
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number DESC"])
    ours = next((version for version in found if KEY_TAG in version.tags), None)
    return describe(client, name, str(ours.version)) if ours else None
