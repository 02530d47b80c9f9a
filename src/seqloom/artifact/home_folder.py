"""The home folder: everything that Seqloom makes on a machine."""

import os
from pathlib import Path


def home_folder() -> Path:
    """Return `SEQLOOM_HOME`, or `.seqloom` in the working directory."""
    return Path(os.environ.get("SEQLOOM_HOME") or ".seqloom").absolute()


def database_file(home: Path) -> Path:
    """Return the SQLite database of the embedded MLflow."""
    return home / "mlflow.db"
