"""Start of Prefect's server: database, garbage collection beside its event loop, form checks and access control."""

import argparse
import gc
import inspect
import os
import re
import threading
import time
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seqloom.stack.access_control import Admission
from seqloom.stack.origin_names import LOOPBACK, hosts_of, own_origins
from seqloom.stack.prefect_database import prepare_or_exit

if TYPE_CHECKING:
    from pydantic import BaseModel

SECONDS_BETWEEN_COLLECTIONS = 5.0
GENERATIONS = (1,) * 11 + (2,)  # of the garbage collector: all objects are examined once a minute
EVERYWHERE = ("0.0.0.0", "::", "")  # addresses to listen at, which are nobody's name


def serve(host: str, port: int, descriptor: int | None = None, log_level: str = "") -> None:
    """Run the server at a port, or at a socket that listens there already, until a signal.

    The user's own settings of origins, CSRF and logging are kept.
    """
    collect_in_thread()
    prepare_or_exit()
    _register_formats()
    origins = _protect(host, port)
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    settings = get_current_settings().server
    uvicorn.run(
        Admission(create_app(final=True), origins, hosts_of(origins) | set(LOOPBACK), framing="SAMEORIGIN"),
        host=host,
        port=port,
        fd=descriptor,
        lifespan="on",
        log_level=(log_level or settings.logging_level).lower(),
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
    )


def collect_in_thread() -> None:
    """From now on, collect garbage in a thread of its own and nowhere else.

    Prefect's server on SQLite has a thread for each connection, and a thread that waits for the lock of the database (a
    minute at most) holds its connection's mutex meanwhile. A collector that runs on the event loop's thread, and finds
    an old cursor of this connection to close, waits for the mutex, and the coroutine that has the lock waits for the
    event loop: the whole server stands still for a minute, heartbeats are missed, and living runs are marked crashed. A
    thread that does nothing but collect may wait as long as it likes.
    """
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    for generation in cycle(GENERATIONS):
        time.sleep(SECONDS_BETWEEN_COLLECTIONS)
        gc.collect(generation)


def _register_formats() -> None:
    """Register format checks, so that forms reject an invalid value at its field, with a sentence."""
    from jsonschema import Draft202012Validator

    from seqloom.recipe.form_fields import PATTERNS_IN_WORDS, is_within
    from seqloom.recipe.schema import Recipe

    patterns = _patterns(Recipe)
    schema = Recipe.model_json_schema()
    for section in (schema, *schema["$defs"].values()):
        for name, field in section["properties"].items():
            if words := field.get("format"):
                is_pattern = words == PATTERNS_IN_WORDS.get(name)
                check = partial(_fits, patterns[name]) if is_pattern else partial(is_within, field)
                Draft202012Validator.FORMAT_CHECKER.checks(words)(check)


def _patterns(model: "type[BaseModel]") -> dict[str, re.Pattern[str]]:
    """Return the pattern of each field that has one, by its name, also of the models in fields."""
    from pydantic import BaseModel

    found: dict[str, re.Pattern[str]] = {}
    for name, field in model.model_fields.items():
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            found |= _patterns(field.annotation)
        for limit in field.metadata:
            if pattern := getattr(limit, "pattern", None):
                found[name] = re.compile(pattern)
    return found


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return not isinstance(value, str) or pattern.search(value) is not None


def _protect(host: str, port: int) -> frozenset[str]:
    """Set Prefect's origins and CSRF protection unless the user has; return the origins of pages that may call it."""
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    server = get_current_settings().server
    own = {*own_origins(port, *({host} - set(EVERYWHERE)))}
    if server.ui.api_url and "api_url" in server.ui.model_fields_set:  # its UI has another address than the server
        parts = urlsplit(server.ui.api_url)
        own.add(f"{parts.scheme}://{parts.netloc}")
    if "cors_allowed_origins" in server.api.model_fields_set:
        given = {origin.strip() for origin in server.api.cors_allowed_origins.split(",")}
    else:
        given = own
        os.environ["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] = ",".join(sorted(own))
    if "csrf_protection_enabled" not in server.api.model_fields_set:
        os.environ["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] = "true"
    refresh_global_settings_context()
    return frozenset(own | given)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m seqloom.stack.prefect_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, default=4200, help="PREFECT_SERVER_API_PORT has to say the same")
    arguments = parser.parse_args()
    serve(arguments.host, arguments.port)
