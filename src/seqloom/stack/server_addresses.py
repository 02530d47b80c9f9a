"""Servers that a command uses, where their addresses come from, and whether they answer; checked before any work."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from seqloom.artifact.home_folder import database_file
from seqloom.errors import UserError
from seqloom.stack.pidfile import running
from seqloom.stack.prefect_profile import VARIABLE, NamedServer, named_server
from seqloom.url_mask import without_user
from tasks.prefect_client import prefect_is_embedded

STACK = "the stack of this home"
MLFLOW_VARIABLE = "MLFLOW_TRACKING_URI"
THEMSELVES = (
    "train",
    "compare",
    "tune",
    "check",
    "up",
    "init",
    "ensemble",
)  # commands that say it where they say the rest, or speak to none
PREFECT_ALONE = ("deploy", "worker")
ASKING = (
    "generate",
    "batch",
    "chat",
    "distill",
    "export",
    "review",
)  # they take a folder too, which no server has


def prefect_server(home: Path) -> NamedServer | None:
    """Return the Prefect server that the user named; None where a command starts one of its own."""
    named = None if prefect_is_embedded() else named_server()
    stack = running(home) if named else None
    if named and stack and named.url == stack.prefect_api:
        return NamedServer(named.url, STACK, "end the stack")
    return named


def tell(home: Path, command: str, arguments: Sequence[str]) -> None:
    """Write the server that a command uses to stderr; nothing for a file or a folder."""
    if command in THEMSELVES or (command in ASKING and not any(each.startswith("models:") for each in arguments)):
        return
    if command in PREFECT_ALONE:
        words = _prefect(home) if prefect_server(home) else ""
    else:
        words = _mlflow(home) if os.environ.get(MLFLOW_VARIABLE) else ""
    if words:
        print(f"seqloom: {words}", file=sys.stderr)


def in_words(home: Path) -> str:
    """Return both servers of a command in a line."""
    return f"{_prefect(home)}, {_mlflow(home)}"


def _prefect(home: Path) -> str:
    named = prefect_server(home)
    return f"Prefect: {without_user(named.url)} ({named.where})" if named else "Prefect: a server of this command's own"


def _mlflow(home: Path) -> str:
    uri = os.environ.get(MLFLOW_VARIABLE)
    if not uri:
        return f"MLflow: {database_file(home)}"
    stack = running(home)
    return f"MLflow: {without_user(uri)} ({STACK if stack and uri == stack.mlflow_url else MLFLOW_VARIABLE})"


def use_named_prefect(home: Path) -> bool:
    """Point this process to the server that its user named, once it has answered; return whether there is one.

    Raises:
        UserError: it does not answer, or not to us.
    """
    named = require_named_prefect(home)
    if named:
        os.environ[VARIABLE] = named.url  # for processes that look there alone
    return named is not None or prefect_is_embedded()


def require_named_prefect(home: Path) -> NamedServer | None:
    """Return the server that its user named, once it has answered; None where there is none.

    Raises:
        UserError: it does not, or not to us.
    """
    named = prefect_server(home)
    if named:
        _require_answer(named)
    return named


def _require_answer(named: NamedServer) -> None:
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    where = f"Prefect at {without_user(named.url)} ({named.where})"
    try:
        with temporary_settings({PREFECT_API_URL: named.url}), get_client(sync_client=True) as client:
            client.read_flows(limit=1)
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        if code in (401, 403):
            raise UserError(
                f"{where} does not let us in ({code}): set PREFECT_API_AUTH_STRING or PREFECT_API_KEY to what it wants"
            ) from None
        raise UserError(
            f"{where} answers with {code}: its address ends in /api, correct it, or look at its log"
        ) from None
    except (httpx.TransportError, httpx.InvalidURL, RuntimeError, ValueError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise UserError(
            f"{where} does not answer ({reason}): start it, or {named.remedy}; without one a command starts its own"
        ) from None
