"""Prefect's server: what it needs to live on SQLite, and who may speak to it."""

import argparse
import os
import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seqloom.stack.access_control import Admission
from seqloom.stack.gc_thread import collect_beside
from seqloom.stack.origins import LOOPBACK, hosts_of, own_origins
from seqloom.stack.prefect_database import or_end

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

EVERYWHERE = ("0.0.0.0", "::", "")  # addresses to listen at, which are nobody's name


def serve(host: str, port: int, descriptor: int | None = None, log_level: str = "") -> None:
    """Be the server at a port, or at a socket that listens there already, until told to end.

    What the user's settings say of origins, CSRF and logging is left as it is.
    """
    collect_beside()
    or_end()
    _tell_formats()
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


def _tell_formats() -> None:
    """Have forms refuse in words, at its field, what a recipe may not say."""
    from jsonschema import Draft202012Validator

    from seqloom.recipe.form_fields import PATTERNS_IN_WORDS, is_within
    from seqloom.recipe.schema import Recipe, Training

    patterns = {"name": Recipe.model_fields["name"], "start_from": Training.model_fields["start_from"]}
    schema = Recipe.model_json_schema()
    for section in (schema, *schema["$defs"].values()):
        for name, field in section["properties"].items():
            if words := field.get("format"):
                told = words == PATTERNS_IN_WORDS.get(name)
                check = partial(_fits, _pattern_of(patterns[name])) if told else partial(is_within, field)
                Draft202012Validator.FORMAT_CHECKER.checks(words)(check)


def _pattern_of(field: "FieldInfo") -> re.Pattern[str]:
    [pattern] = (found.pattern for found in field.metadata if hasattr(found, "pattern"))
    return re.compile(pattern)


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return not isinstance(value, str) or pattern.search(value) is not None


def _protect(host: str, port: int) -> frozenset[str]:
    """Tell Prefect, in this process, what nobody has told it; the origins of pages that may call it."""
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
    told = parser.parse_args()
    serve(told.host, told.port)
