"""Prefect without a server of the user's: its database below SEQLOOM_HOME, its own process started on demand."""

import os
from pathlib import Path


def use_embedded_prefect(home: Path) -> None:
    """Set Prefect up before it is imported; a `PREFECT_API_URL` in the environment is left in charge."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # the terminal has bars and a card
    if os.environ.get("PREFECT_API_URL"):
        return
    folder = Path(os.environ.setdefault("PREFECT_HOME", str(home / "prefect")))
    folder.mkdir(parents=True, exist_ok=True)  # its server opens a database there and makes no parents
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_ENABLED", "true")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
