"""Reports of registered versions: logged with their runs, and made again from what the runs keep."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from seqloom.artifact.cache_key import ENSEMBLE, TRAINING
from seqloom.artifact.cache_key import EVALUATION as STAGE
from seqloom.errors import UserError
from seqloom.evaluation import SCORES_FILE
from seqloom.registry.mlflow_runs import takes_more
from seqloom.registry.model_uri import find_version, open_registry
from seqloom.registry.registered_version import Version
from seqloom.registry.versions import KNOWN_ANSWERS_TAG
from seqloom.reports.evaluation_folder import EvaluationFolder
from seqloom.reports.version_report import version_report

EVALUATION = "evaluation"  # folder of a run's artifacts: what the stage wrote


def report_file(number: int) -> str:
    """Return the artifact of a version's report."""
    return f"report/version-{number}.html"


def log_report(client: MlflowClient, version: Version, evaluation: Path) -> None:
    """Log the report of a version to its run, if the run is there, with what the run knows by now."""
    if takes_more(client, version.run_id):
        made = _known(client, client.get_model_version(version.name, str(version.number)), evaluation)
        client.log_text(version.run_id, version_report(made), report_file(version.number))


def fetch_evaluation(model: str, home: Path, folder: Path) -> EvaluationFolder:
    """Return the evaluation of a registered version, downloaded below `folder`, or a folder as it is.

    Raises:
        UserError: there is no such version, or no evaluation of it any more.
    """
    if not model.startswith("models:"):
        if not Path(model, SCORES_FILE).is_file():
            raise UserError(f"{model}: no evaluation ({SCORES_FILE} is missing); give models:/NAME@ALIAS or /VERSION")
        return EvaluationFolder(Path(model), Path(model).name)
    client, found = open_registry(model, home), find_version(model, home)
    try:
        place = Path(client.download_artifacts(str(found.run_id), EVALUATION, str(folder)))
    except (MlflowException, OSError):
        place = folder
    if not (place / SCORES_FILE).is_file():
        raise UserError(f"{model} has no evaluation: it was not made by Seqloom, or its MLflow run was deleted")
    return _known(client, found, place)


def _known(client: MlflowClient, version: ModelVersion, evaluation: Path) -> EvaluationFolder:
    run_id, title = str(version.run_id), f"{version.name}, version {version.version}"
    verdict = _json(client, run_id, "gate/verdict.json")
    training, ensemble, facts = (
        _json(client, run_id, f"stages/{stage.name}.json") for stage in (TRAINING, ENSEMBLE, STAGE)
    )
    price = float(client.get_run(run_id).data.params.get("registry.price_per_hour", 0.0))
    answers = version.tags.get(KNOWN_ANSWERS_TAG, "")
    return EvaluationFolder(evaluation, title, verdict, training, facts, price, ensemble, answers)


def _json(client: MlflowClient, run_id: str, file: str) -> Mapping[str, Any]:
    """Return a JSON artifact of a run; empty where there is none."""
    if file not in [each.path for each in client.list_artifacts(run_id, file.rpartition("/")[0])]:
        return {}
    found: Mapping[str, Any] = json.loads(Path(client.download_artifacts(run_id, file)).read_text(encoding="utf-8"))
    return found
