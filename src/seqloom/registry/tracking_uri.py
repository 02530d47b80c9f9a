"""Location of MLflow's data: the user's server, or the embedded SQLite database. MLflow itself is not imported."""

import os
from pathlib import Path

from seqloom.artifact.home_folder import database_file

MLFLOW_VARIABLE = "MLFLOW_TRACKING_URI"


def tracking_uri(home: Path) -> str:
    """Return `MLFLOW_TRACKING_URI` if it is set, else the SQLite database below `home`."""
    return os.environ.get(MLFLOW_VARIABLE) or f"sqlite:///{database_file(home)}"


def files_folder(home: Path) -> Path:
    """Return the folder of the embedded MLflow's artifacts: models, metrics' plots and run files."""
    return home / "mlflow"


def has_registry(home: Path) -> bool:
    """Return whether there is a server or a database to ask."""
    return bool(os.environ.get(MLFLOW_VARIABLE)) or database_file(home).exists()
