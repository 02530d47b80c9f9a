"""Password of a home: generated once, in a file that only its owner can read, used by all processes of the owner."""

import os
import secrets
from pathlib import Path

from filelock import FileLock

from seqloom.errors import UserError

USER = "seqloom"
_BYTES = 24  # of randomness


def new_auth_string() -> str:
    """Return a new USER:PASSWORD, as Prefect takes it."""
    return f"{USER}:{secrets.token_urlsafe(_BYTES)}"


def password_file(home: Path) -> Path:
    """Return the file that holds the `auth_string` of a home, and nothing else does."""
    return home / "password"


def auth_string(home: Path) -> str:
    """Return the user's own (`PREFECT_SERVER_API_AUTH_STRING`), else that of the home, generated if there is none."""
    return os.environ.get("PREFECT_SERVER_API_AUTH_STRING") or _made(home)


def known_auth_string(home: Path) -> str:
    """Return that of the home; empty where it has none or the file belongs to another user."""
    try:
        return password_file(home).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, PermissionError):
        return ""


def credentials(auth_string: str, mlflow_asks: bool) -> dict[str, str]:
    """Return the environment variables by which clients pass the password to the servers that want one."""
    if not auth_string:
        return {}
    user, _, password = auth_string.partition(":")
    mlflow = {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password} if mlflow_asks else {}
    return {"PREFECT_API_AUTH_STRING": auth_string, **mlflow}


def _made(home: Path) -> str:
    file = password_file(home)
    with FileLock(file.with_suffix(".lock")):
        if known := known_auth_string(home):
            if ":" not in known:
                raise UserError(f"{file} is not USER:PASSWORD; remove it, and a new one is made")
            file.chmod(0o600)
            return known
        made = new_auth_string()
        draft = file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(f"{made}\n")
        draft.replace(file)
    return made
