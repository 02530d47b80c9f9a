"""Check before any work that MLflow answers, authorizes us and has the recipe's experiment."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from seqloom.artifact.full_disk import says_full
from seqloom.errors import UserError
from seqloom.registry.mlflow_tracking import connect, is_away, living_experiment, server_or_file
from seqloom.registry.tracking_uri import MLFLOW_VARIABLE, has_registry
from seqloom.url_mask import without_user


def refusal(error: BaseException) -> str:
    """Return one sentence with the remedy if an error says that MLflow refuses the request; else nothing."""
    if not isinstance(error, MlflowException):
        return ""
    at = f"MLflow at {without_user(mlflow.get_tracking_uri())}"
    if error.error_code == "UNAUTHENTICATED":
        who = os.environ.get("MLFLOW_TRACKING_USERNAME")
        return (
            f"{at} wants a {'right' if who else 'user and'} password{f' for {who}' if who else ''}: set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    if error.error_code == "PERMISSION_DENIED":
        return _no_permission(error, at)
    text = (str(error).splitlines() or [""])[0]
    if says_full(error) and mlflow.get_tracking_uri().startswith("http"):
        return f"{at} cannot write ({text:.200}): free some space on its disk, and run the same command again"
    if "'active' state" in text:
        return (
            f"{at} says that what this needs was deleted there ({text}): bring it back with mlflow experiments restore "
            "-x ID or mlflow runs restore --run-id ID, or give the recipe another name"
        )
    if is_away(error) and "API request to" in text:
        return f"{at} does not answer ({text:.200}): start it, or correct or unset {MLFLOW_VARIABLE}"
    return ""


def _no_permission(error: MlflowException, at: str) -> str:
    reason = str(error).rpartition("Response body: ")[2].strip("'").splitlines()[0]
    if "Host header" in reason:
        name = urlsplit(mlflow.get_tracking_uri()).netloc.rpartition("@")[2]
        return f"{at} does not answer to this name: add {name} to its --allowed-hosts"
    return f"{at} refuses this ({reason}): ask whoever runs it for EDIT on the experiment and the registered model"


def require_mlflow(home: Path, name: str, patient: bool = False) -> None:
    """Check before any work that MLflow answers, authorizes us, and has not deleted the experiment of this name.

    With `patient` a server that does not answer is no error: it may be back when it is needed.

    Raises:
        UserError: one of these fails.
    """
    if not has_registry(home):
        return
    try:
        client = connect(home)
        client.search_experiments(max_results=1)
        living_experiment(client, name)
    except UserError:
        raise
    except Exception as error:
        sentence = refusal(error)
        if says_full(error) and not sentence:
            raise
        if is_away(error) and patient:
            return
        if not sentence and not isinstance(error, MlflowException | SQLAlchemyError | OSError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            sentence
            or f"MLflow at {server_or_file(home)} cannot be used ({reason:.300}): correct or unset {MLFLOW_VARIABLE}"
        ) from None
