"""Requests that come at the same time, answered in one batch."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(eq=False)
class _Request(Generic[Answer]):
    texts: Sequence[str]
    options: Hashable
    answers: list[Answer] = field(default_factory=list)
    done: bool = False


class Together(Generic[Answer]):
    """A function of texts and options that many threads call at once, and that works once for those of one kind.

    One thread works at a time: with all that waits for the same options, its own request among it. The others find
    theirs done when their turn comes. So nobody waits for company, and a server under load decodes whole batches.
    """

    def __init__(self, work: Callable[[Sequence[str], Hashable], list[Answer]]) -> None:
        self._work = work
        self._turn = Lock()
        self._door = Lock()
        self._waiting: list[_Request[Answer]] = []

    def __call__(self, texts: Sequence[str], options: Hashable) -> list[Answer]:
        """One answer per text, in order."""
        request = _Request[Answer](texts, options)
        with self._door:
            self._waiting.append(request)
        with self._turn:
            if not request.done:
                self._lead(request)
        return request.answers

    def _lead(self, request: _Request[Answer]) -> None:
        """Answer this request and those that wait for the same, or this one alone where they cannot be."""
        with self._door:
            company = [other for other in self._waiting if other.options == request.options and other is not request]
            self._waiting = [other for other in self._waiting if other.options != request.options]
        try:
            self._answer([request, *company])
        except Exception:
            if not company:
                raise
            self._answer([request])  # it may be another's fault, who will hear of it in their turn

    def _answer(self, requests: list[_Request[Answer]]) -> None:
        answers = self._work([text for request in requests for text in request.texts], requests[0].options)
        start = 0
        for request in requests:
            request.answers = answers[start : start + len(request.texts)]
            request.done = True
            start += len(request.texts)
