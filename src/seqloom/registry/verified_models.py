"""MLflow's `models:/` repository with verification: with SEQLOOM_VERIFY set, only intact versions download.

MLflow finds this class by the entry point in pyproject.toml and uses it for every download from `models:/`. So
`mlflow.pyfunc.load_model` and `mlflow models serve` run nothing of a version before the installed Seqloom has compared
it with the registry's record. MLflow imports this module on its own import, so it imports nothing slow.
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
    """Repository that verifies versions registered by Seqloom and passes others through."""

    def download_artifacts(
        self, artifact_path: str, dst_path: str | None = None, lineage_header_info: Any = None
    ) -> str:
        """Fetch a version, or a part of one.

        A version to verify is copied first, even from a store on this machine, so that nobody changes it between check
        and use.

        Raises:
            UserError: a file of the version is not what was registered.
        """
        verifies = os.environ.get("SEQLOOM_VERIFY", "0") not in ("", "0") and not artifact_path
        records = self._records() if verifies else []
        if records and dst_path is None:
            dst_path = tempfile.mkdtemp(prefix="seqloom-")
            atexit.register(shutil.rmtree, dst_path, ignore_errors=True)  # modules are read from it as they are needed
        path = str(super().download_artifacts(artifact_path, dst_path, lineage_header_info))
        for version in records:
            from seqloom.registry.integrity import require_all_intact

            require_all_intact(Path(path), version)
        return path

    def _records(self) -> "list[ModelVersion]":
        """Return the registered versions of this address: one, or all that were made of a logged model."""
        from mlflow import MlflowClient

        from seqloom.registry.integrity import SEAL_TAG

        client = MlflowClient()
        if self.model_name is not None:
            found = [client.get_model_version(self.model_name, str(self.model_version))]
        else:
            found = list(client.search_model_versions(f"source_path = '{self.artifact_uri}'"))
        return [version for version in found if SEAL_TAG in version.tags]
