"""HTTP server of a followed model: MLflow's protocol, readiness, metrics, and the door of our other servers."""

import asyncio
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from seqloom.poll_thread import polled
from seqloom.serving.followed_model import FollowedModel
from seqloom.serving.plain_texts import with_plain_texts
from seqloom.serving.request_metrics import RequestMetrics
from seqloom.stack.access_control import Admission
from seqloom.stack.origin_names import ANY, LOOPBACK, own_origins

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

LARGEST_BODY = 64 << 20  # bytes of a request
GRACE = 30  # seconds that requests under way get at the end
REQUESTS_AT_ONCE = 64  # that wait for the same batch; Python's own number of threads, cores + 4, keeps batches small


@dataclass(frozen=True)
class ServerAddress:
    """Address of a server, and who may ask."""

    host: str = "127.0.0.1"
    port: int = 5001
    auth_string: str = ""  # USER:PASSWORD; empty: no password

    @property
    def hosts(self) -> frozenset[str]:
        """Names that a Host header may have: of a server of this machine alone its own, which no page can choose."""
        return frozenset({*LOOPBACK, self.host}) if self.host in LOOPBACK else frozenset({ANY})


def build_app(model: FollowedModel, metrics: RequestMetrics, address: ServerAddress) -> ASGIApp:
    """Return the application: MLflow's scoring server with /ready and /metrics."""
    with warnings.catch_warnings(action="ignore"):  # MLflow's own, on type hints of its own
        from mlflow.pyfunc import scoring_server
    app: FastAPI = scoring_server.init(cast("PyFuncModel", model))  # predict and metadata are all that it uses

    @app.get("/ready")
    async def ready() -> JSONResponse:
        return JSONResponse({"model": model.uri, "version": model.version})

    @app.get("/metrics")
    async def metrics_page() -> Response:
        return Response(metrics.text(model.version), media_type="text/plain; version=0.0.4")

    origins = frozenset(own_origins(address.port, address.host))
    bounded = _bounded(metrics.measured(with_plain_texts(app, model.answer)))
    return Admission(bounded, origins, address.hosts, address.auth_string, open_path="/ready", framing="DENY")


def run_server(app: ASGIApp, listening: socket, follow: Callable[[], None], seconds: float) -> None:
    """Serve until SIGINT or SIGTERM, then answer what is under way; call `follow` every so many seconds."""
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE)
    with polled(follow, seconds, "alias"):
        _Server(config).run([listening])


class _Server(uvicorn.Server):
    """A server whose requests wait in threads of their own, which cost nothing while they wait."""

    async def serve(self, sockets: list[socket] | None = None) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(REQUESTS_AT_ONCE, "request"))
        await super().serve(sockets)


def _bounded(app: ASGIApp) -> ASGIApp:
    """Return an application that refuses bodies beyond `LARGEST_BODY`, before they are read."""

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := _refusal(Headers(scope=scope))):
            await refusal(scope, receive, send)
        else:
            await app(scope, receive, send)

    return bounded


def _refusal(headers: Headers) -> Callable[..., Any] | None:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        return JSONResponse({"message": "send the length of the request, not chunks"}, 411)
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        sentence = f"a request has {LARGEST_BODY >> 20} MiB at most: send the rows in several, or use seqloom batch"
        return JSONResponse({"message": sentence}, 413)
    return None
