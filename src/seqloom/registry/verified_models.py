"""`models:/` as MLflow reads it: where SEQLOOM_VERIFY is set, only intact versions are handed out.

MLflow finds this class by the entry point in pyproject.toml and asks it whenever something of `models:/` is fetched:
`mlflow.pyfunc.load_model` and `mlflow models serve` therefore run nothing of a version before Seqloom, as it is
installed, has compared it with the registry's record. MLflow loads this module when it is itself loaded, so it imports
nothing of weight.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


class VerifiedModels(ModelsArtifactRepository):
    """Versions that Seqloom registered are verified, others are handed out as ever."""

    def download_artifacts(
        self, artifact_path: str, dst_path: str | None = None, lineage_header_info: Any = None
    ) -> str:
        """Fetch a version, or a part of one.

        Where a version is to be verified, it is copied first, also out of a store on this machine: nobody changes it
        between the look and the use.

        Raises:
            UserError: a file of the version is not what was registered.
        """
        verifies = os.environ.get("SEQLOOM_VERIFY", "0") not in ("", "0") and not artifact_path
        records = self._records() if verifies else []
        if records and dst_path is None:
            dst_path = tempfile.mkdtemp(prefix="seqloom-")
            atexit.register(shutil.rmtree, dst_path, ignore_errors=True)  # modules are read from it as they are needed
        place = str(super().download_artifacts(artifact_path, dst_path, lineage_header_info))
        for version in records:
            from seqloom.registry.integrity import require_all_intact

            require_all_intact(Path(place), version)
        return place

    def _records(self) -> "list[ModelVersion]":
        """What the registry knows of this: one version, or for the id of a model those that were made of it."""
        from mlflow import MlflowClient

        from seqloom.registry.integrity import SEAL_TAG

        client = MlflowClient()
        if self.model_name is not None:
            found = [client.get_model_version(self.model_name, str(self.model_version))]
        else:
            found = list(client.search_model_versions(f"source_path = '{self.artifact_uri}'"))
        return [version for version in found if SEAL_TAG in version.tags]
