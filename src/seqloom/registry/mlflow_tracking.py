"""Connection to MLflow: the user's server, or the embedded SQLite database."""

import logging
import os
import time
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException

from seqloom.artifact.full_disk import says_full
from seqloom.errors import UserError
from seqloom.registry.mlflow_database import prepare_database, prepare_ours, sqlite_file
from seqloom.registry.tracking_uri import MLFLOW_VARIABLE, files_folder, tracking_uri
from seqloom.url_mask import without_user

RETRIES_OF_A_CALL = "2"  # some five seconds; callers that can wait longer retry, and log it
OUTAGE_LIMIT = 3600.0  # seconds that finished work waits for a server that is away
MLFLOW_PLACE = "./mlruns"  # where MLflow itself keeps the files of a database that is not ours
LONGEST_PAUSE = 30.0  # seconds between two tries

logger = logging.getLogger(__name__)


def connect(home: Path) -> MlflowClient:
    """Return a client of the user's MLflow, or of the embedded one, which is created if missing."""
    for chatty in ("alembic", "mlflow"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(
        logging.CRITICAL
    )  # it logs a traceback besides the error that it raises
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # ours are the only bars
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # stdout may be read by a script
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", RETRIES_OF_A_CALL)
    uri = tracking_uri(home)
    embedded = not os.environ.get(MLFLOW_VARIABLE)
    mlflow.set_tracking_uri(uri)
    if embedded:
        os.environ.pop(MLFLOW_VARIABLE, None)  # MLflow sets it, and ours would pass for the user's
        prepare_ours(home)
    elif file := sqlite_file(uri):
        prepare_database(file, MLFLOW_PLACE)
    return MlflowClient(uri)


def make_database(home: Path) -> None:
    """Create the database of the embedded MLflow, unless it exists or the user has a server; it takes seconds."""
    if not os.environ.get(MLFLOW_VARIABLE):
        connect(home)


def is_away(error: BaseException) -> bool:
    """Return whether an error means that MLflow is unreachable or overloaded, so that a retry may succeed."""
    if isinstance(error, MlflowException):
        return error.error_code in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
    return isinstance(error, OSError)  # requests' errors among them


def server_or_file(home: Path) -> str:
    """Return the server or database in use, without a password."""
    uri = tracking_uri(home)
    return str(sqlite_file(uri) or without_user(uri))


def living_experiment(client: MlflowClient, name: str) -> Experiment | None:
    """Return the experiment of this name, if there is one.

    Raises:
        UserError: it was deleted.
    """
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != LifecycleStage.ACTIVE:
        uri = without_user(str(client.tracking_uri))
        raise UserError(
            f"the experiment {name} was deleted in MLflow: bring it back with {MLFLOW_VARIABLE}='{uri}' mlflow "
            f"experiments restore -x {found.experiment_id}, or give the recipe another name"
        )
    return found


def wait_for_mlflow(client: MlflowClient) -> None:
    """Return as soon as MLflow answers; a wait is logged once.

    Raises:
        MlflowException: it did not within `OUTAGE_LIMIT`.
    """
    deadline, pause = time.monotonic() + OUTAGE_LIMIT, 1.0
    while True:
        try:
            client.search_experiments(max_results=1)
            return
        except Exception as error:
            if not is_away(error) or says_full(error) or time.monotonic() > deadline:
                raise
        if pause == 1.0:
            logger.warning("MLflow does not answer: waiting for it, an hour at most")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def experiment_id(client: MlflowClient, name: str, home: Path) -> str:
    """Return the experiment of this name; a new one keeps artifacts below `home`, or where the server says.

    Raises:
        UserError: it was deleted.
    """
    experiment = living_experiment(client, name)
    if experiment is not None:
        return str(experiment.experiment_id)
    embedded = not os.environ.get(MLFLOW_VARIABLE)
    location = (files_folder(home) / name).as_uri() if embedded else None
    return str(client.create_experiment(name, artifact_location=location))
