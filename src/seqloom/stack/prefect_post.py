"""POST requests to Prefect's API without importing Prefect, which takes seconds."""

import base64
import json
import urllib.error
import urllib.request
import uuid
from typing import Any

SECONDS = 30.0
CSRF_IS_OFF = 422


def post(api: str, path: str, auth_string: str, body: Any = None) -> Any:
    """Return the server's answer, decoded from JSON.

    Raises:
        OSError: it cannot be reached, or says no.
    """
    headers = {"Content-Type": "application/json", **authorization(auth_string)}
    headers |= _csrf_headers(api, headers)
    return _ask(urllib.request.Request(f"{api}{path}", json.dumps(body or {}).encode(), headers))


def authorization(auth_string: str) -> dict[str, str]:
    """Return the header for USER:PASSWORD; none for an empty string."""
    encoded = base64.b64encode(auth_string.encode()).decode()
    return {"Authorization": f"Basic {encoded}"} if auth_string else {}


def _csrf_headers(api: str, headers: dict[str, str]) -> dict[str, str]:
    """Return the CSRF headers: a token that a foreign page could not read."""
    client = str(uuid.uuid4())
    try:
        token = _ask(urllib.request.Request(f"{api}/csrf-token?client={client}", headers=headers))["token"]
    except urllib.error.HTTPError as error:
        if error.code != CSRF_IS_OFF:
            raise
        return {}
    return {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}


def _ask(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        return json.load(response)
