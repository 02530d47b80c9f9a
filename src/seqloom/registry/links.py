"""Where a person finds a run or a version: an address to open, or without a server the command that starts one."""

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from mlflow import MlflowClient

from seqloom.registry.tracking import tracking_uri


def server_url(home: Path) -> str:
    """The address of MLflow's server, without the password that may be in it; empty where there is no server."""
    parts = urlsplit(tracking_uri(home))
    if parts.scheme not in ("http", "https"):
        return ""
    return urlunsplit((parts.scheme, _without_user(parts.netloc), parts.path.rstrip("/"), "", ""))


def run_url(client: MlflowClient, run_id: str, home: Path) -> str:
    """The page of a run, empty without a server."""
    server = server_url(home)
    return f"{server}/#/experiments/{client.get_run(run_id).info.experiment_id}/runs/{run_id}" if server else ""


def version_url(name: str, number: int, home: Path) -> str:
    """The page of a registered version, empty without a server."""
    server = server_url(home)
    return f"{server}/#/models/{quote(name)}/versions/{number}" if server else ""


def server_command(home: Path) -> str:
    """The command that shows a database of runs and versions in a browser; a password in its address is left out."""
    parts = urlsplit(tracking_uri(home))
    uri = tracking_uri(home)
    if "@" in parts.netloc:
        uri = urlunsplit((parts.scheme, _without_user(parts.netloc), parts.path, parts.query, ""))
    return f"mlflow server --backend-store-uri '{uri}'"


def _without_user(place: str) -> str:
    return place.rpartition("@")[2]
