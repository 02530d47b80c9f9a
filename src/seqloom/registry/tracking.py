"""Which MLflow is spoken to: the user's, or one in a file of ours."""

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from seqloom.mistake import UserMistake
from seqloom.registry.database import database_file, files_folder, prepare_database, prepare_ours, sqlite_file

RETRIES_OF_A_CALL = "2"  # some five seconds: whoever can wait longer asks again, and says so
PATIENCE = 3600.0  # seconds that what is finished waits for an MLflow that is away
MLFLOW_PLACE = "./mlruns"  # where MLflow itself keeps the files of a database that is not ours
LONGEST_PAUSE = 30.0  # seconds between two looks whether it is back

logger = logging.getLogger(__name__)


def tracking_uri(home: Path) -> str:
    """`MLFLOW_TRACKING_URI` where it is set, else SQLite below `home`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database_file(home)}"


def connect(home: Path) -> MlflowClient:
    """A client of the user's MLflow or of ours, which is made where it does not exist."""
    for chatty in ("alembic", "mlflow"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # ours are the only bars
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # stdout may be read by a script
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", RETRIES_OF_A_CALL)
    uri = tracking_uri(home)
    embedded = not os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    if embedded:
        prepare_ours(home)
        os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow sets it, and ours would pass for the user's
    elif file := sqlite_file(uri):
        prepare_database(file, MLFLOW_PLACE)
    return MlflowClient(uri)


def make_database(home: Path) -> None:
    """Make the database of the embedded MLflow, which takes seconds, unless it is there or the user has a server."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        connect(home)


def is_away(error: BaseException) -> bool:
    """Whether an error says that MLflow cannot be reached or is not well now, so that the same call may do later."""
    if isinstance(error, MlflowException):
        return error.error_code in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
    return isinstance(error, OSError)  # requests' errors among them


def refusal(error: BaseException) -> str:
    """One sentence with the remedy, where an error says that MLflow does not let us do this; else nothing."""
    code = error.error_code if isinstance(error, MlflowException) else ""
    if code not in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return ""
    parts = urlsplit(mlflow.get_tracking_uri())
    place = f"MLflow at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if code == "UNAUTHENTICATED":
        who = os.environ.get("MLFLOW_TRACKING_USERNAME")
        return (
            f"{place} wants a {'right' if who else 'user and'} password{f' for {who}' if who else ''}: set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    reason = str(error).rpartition("Response body: ")[2].strip("'").splitlines()[0]
    if "Host header" in reason:
        return f"{place} does not answer to this name: add {parts.netloc.rpartition('@')[2]} to its --allowed-hosts"
    return f"{place} refuses this ({reason}): ask whoever runs it for EDIT on the experiment and the registered model"


def require_admission(home: Path) -> None:
    """Find out before any work whether a server of the user's lets us in; whether it is there is found out later.

    Raises:
        UserMistake: it does not.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI", "").startswith("http"):
        return
    try:
        connect(home).search_experiments(max_results=1)
    except Exception as error:
        sentence = refusal(error)
        if sentence:
            raise UserMistake(sentence) from None
        if not is_away(error):
            raise


def wait_for_mlflow(client: MlflowClient) -> None:
    """Return as soon as MLflow answers; a wait is said once.

    Raises:
        MlflowException: it did not within `PATIENCE`.
    """
    deadline, pause = time.monotonic() + PATIENCE, 1.0
    while True:
        try:
            client.search_experiments(max_results=1)
            return
        except Exception as error:
            if not is_away(error) or time.monotonic() > deadline:
                raise
        if pause == 1.0:
            logger.warning("MLflow does not answer: waiting for it, an hour at most")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def experiment_id(client: MlflowClient, name: str, home: Path) -> str:
    """The experiment of this name; a new one keeps its files below `home`, or where the user's server says."""
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    embedded = not os.environ.get("MLFLOW_TRACKING_URI")
    location = (files_folder(home) / name).as_uri() if embedded else None
    return str(client.create_experiment(name, artifact_location=location))


@dataclass(frozen=True)
class Version:
    """A registered version."""

    name: str
    number: int
    aliases: tuple[str, ...]
    run_id: str

    @property
    def uri(self) -> str:
        """What `seqloom generate` and `mlflow.pyfunc.load_model` take."""
        return f"models:/{self.name}/{self.number}"
