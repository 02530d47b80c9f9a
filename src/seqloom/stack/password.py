"""The password of a home: made once, in a file that its owner alone can read, known to all that the owner starts."""

import os
import secrets
from pathlib import Path

from filelock import FileLock

from seqloom.errors import UserError

USER = "seqloom"
_BYTES = 24  # of chance


def new_auth_string() -> str:
    """USER:PASSWORD, as Prefect takes and asks for it."""
    return f"{USER}:{secrets.token_urlsafe(_BYTES)}"


def password_file(home: Path) -> Path:
    """Where the `auth_string` of a home is; nowhere else is it written."""
    return home / "password"


def auth_string(home: Path) -> str:
    """The user's own (`PREFECT_SERVER_API_AUTH_STRING`), else that of the home, made where there is none."""
    return os.environ.get("PREFECT_SERVER_API_AUTH_STRING") or _made(home)


def known_auth_string(home: Path) -> str:
    """That of the home; empty where it has none, as before there were any, or where it is another user's."""
    try:
        return password_file(home).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, PermissionError):
        return ""


def credentials(auth_string: str, mlflow_asks: bool) -> dict[str, str]:
    """What a client of the servers has in its environment, for those that ask."""
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
