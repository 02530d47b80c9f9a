"""Prometheus metrics of a served model."""

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)  # upper ends of the latency's buckets

SHARES = tuple(tenth / 10 for tenth in range(1, 10))  # likewise of the confidence's


class RequestMetrics:
    """Counts requests by status, their seconds, texts, and the version that answers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "seqloom_requests", "Requests answered, by HTTP status.", ["status"], registry=self._registry
        )
        self._seconds = Histogram(
            "seqloom_request_seconds", "Seconds from request to answer.", buckets=SECONDS, registry=self._registry
        )
        self._running = Gauge("seqloom_requests_running", "Requests under way.", registry=self._registry)
        self._texts = Counter("seqloom_texts", "Texts answered.", registry=self._registry)
        self._confidence = Histogram(
            "seqloom_confidence", "Confidence of the answers.", buckets=SHARES, registry=self._registry
        )
        self._version = Gauge("seqloom_version", "Number of the version that answers.", registry=self._registry)

    def count_texts(self, texts: int) -> None:
        """Count texts that were answered."""
        self._texts.inc(texts)

    def observe_confidence(self, confidences: Iterable[float | None]) -> None:
        """Count the confidence of answers that have one."""
        for each in confidences:
            if each is not None:
                self._confidence.observe(each)

    def text(self, version: int) -> bytes:
        """Return all metrics in Prometheus' text format."""
        self._version.set(version)
        return generate_latest(self._registry)

    def measured(self, app: ASGIApp) -> ASGIApp:
        """Return an application that measures the requests to /invocations."""

        async def measure(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] != "/invocations":
                await app(scope, receive, send)
                return
            status = "500"

            async def watched(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            started = time.monotonic()
            with self._running.track_inprogress():
                try:
                    await app(scope, receive, watched)
                finally:
                    self._requests.labels(status).inc()
                    self._seconds.observe(time.monotonic() - started)

        return measure
