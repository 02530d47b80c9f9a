"""Links to runs and versions in MLflow's UI, or without a server the command that starts one."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from seqloom.registry.tracking_uri import tracking_uri
from seqloom.shell_command import shell_word
from seqloom.url_mask import without_user

if TYPE_CHECKING:
    from mlflow import MlflowClient

VERIFY = "SEQLOOM_VERIFY"  # environment variable, read by verified_models.py


def server_url(home: Path) -> str:
    """Return the address of MLflow's server without a password; empty where there is no server."""
    parts = urlsplit(without_user(tracking_uri(home)))
    if parts.scheme not in ("http", "https"):
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def run_url(client: "MlflowClient", run_id: str, home: Path) -> str:
    """Return the page of a run; empty without a server, or where the run was removed."""
    server = server_url(home)
    if not server:
        return ""
    from seqloom.registry.mlflow_runs import find_run

    run = find_run(client, run_id)
    return f"{server}/#/experiments/{run.info.experiment_id}/runs/{run_id}{TRAINING_VIEW}" if run else ""


def artifact_url(client: "MlflowClient", run_id: str, artifact: str, home: Path) -> str:
    """Return the page that shows an artifact of a run; empty without a server, or where the run was removed."""
    page = run_url(client, run_id, home).removesuffix(TRAINING_VIEW)
    return f"{page}/artifacts/{quote(artifact)}{TRAINING_VIEW}" if page else ""


def version_url(name: str, number: int, home: Path) -> str:
    """Return the page of a registered version; empty without a server."""
    server = server_url(home)
    return f"{server}/#/models/{quote(name)}/versions/{number}{TRAINING_VIEW}" if server else ""


def server_command(home: Path) -> str:
    """Return the command that shows a database in MLflow's UI, without its password."""
    return f"mlflow server --backend-store-uri {shell_word(without_user(tracking_uri(home)))}"


def serve_command(name: str, home: Path) -> str:
    """Return the command that serves the verified champion over HTTP, with the variables this shell lacks.

    MLflow starts uvicorn by name, so the environment must be on PATH, and it does not know our database.
    """
    command = f"{VERIFY}=1 mlflow models serve -m models:/{name}@champion --env-manager local --port 5001"
    scripts = str(Path(sys.executable).parent)
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        command = f"PATH={shell_word(scripts)}:$PATH {command}"
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        command = f"MLFLOW_TRACKING_URI={shell_word(without_user(tracking_uri(home)))} {command}"
    return command


TRAINING_VIEW = "?workflowType=machine_learning"
"""Runs, metrics and charts of trainings; without it the UI of MLflow 3 begins with the traces of agents."""
