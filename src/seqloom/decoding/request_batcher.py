"""Dynamic batching of concurrent requests, without added delay and with fair shares."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition
from typing import Generic, TypeVar

from seqloom.decoding.answers import Unanswerable
from seqloom.errors import UserError

Answer = TypeVar("Answer")

Work = Callable[[Sequence[str], Hashable, Sequence[int]], list[Answer]]
"""Answer each text, given the texts of a batch, their options and the number of each text in its request."""


@dataclass(eq=False)
class _Request(Generic[Answer]):
    texts: Sequence[str]
    options: Hashable
    first: int  # number of the first text
    keep: Callable[[Answer], Answer]
    left: list[int]  # rows not yet in a batch, the next one last
    answers: dict[int, Answer] = field(default_factory=dict)
    fault: Exception | None = None

    @property
    def ended(self) -> bool:
        return self.fault is not None or len(self.answers) == len(self.texts)


Share = tuple[_Request[Answer], list[int]]
"""A request, and its rows in a batch."""


class RequestBatcher(Generic[Answer]):
    """Batches the texts of concurrent calls that have the same options.

    One thread works at a time, on a batch of `rows(options)` texts: the calling one, until two call at once; then a
    thread of its own, since each thread that computes keeps its team of threads (OpenMP) for good. Requests with
    different options take turns; those with the same options share each batch evenly, so a small request is answered
    with the next batch or the one after it. A batch never waits for more requests. At most `room` rows wait.
    """

    def __init__(self, work: Work[Answer], rows: Callable[[Hashable], int], room: int) -> None:
        self._work = work
        self._rows = rows
        self._room = room
        self._lock = Condition()  # released while a batch is computed
        self._working = False
        self._worker: ThreadPoolExecutor | None = None  # since two called at once; ends when this object does
        self._waiting: list[_Request[Answer]] = []  # requests with rows not yet in a batch, the next to be served first

    def __call__(
        self,
        texts: Sequence[str],
        options: Hashable,
        first: int = 0,
        keep: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> list[Answer]:
        """Return one answer per text, in order; `keep` reduces each answer as soon as it is computed.

        Raises:
            UserError: too many rows wait already, or a text has no answer.
        """
        shortest_last = sorted(
            range(len(texts)), key=lambda row: -len(texts[row])
        )  # texts of similar length share a batch
        request = _Request(texts, options, first, keep, shortest_last)
        with self._lock:
            if self._waiting and sum(len(other.left) for other in self._waiting) + len(texts) > self._room:
                raise UserError(f"{self._room:,} rows of others wait for an answer here: ask again in a while")
            if texts:
                self._waiting.append(request)
            if self._working and not self._worker:
                self._worker = ThreadPoolExecutor(1, "batches")
            while not request.ended:
                if self._working:
                    self._lock.wait()
                else:
                    self._lead()
        if request.fault:
            raise request.fault
        return [request.answers[row] for row in range(len(texts))]

    def _lead(self) -> None:
        """Answer the next batch, whichever requests it belongs to."""
        shares, worker = self._next_batch(), self._worker
        self._working = True
        self._lock.release()
        try:
            if worker:
                worker.submit(self._answer, shares).result()
            else:
                self._answer(shares)
        except BaseException:  # a signal to this thread: requests in its batch must not wait for ever
            for request, _ in shares:
                request.fault = request.fault or RuntimeError("whoever answered this was stopped: ask again")
            raise
        finally:
            self._lock.acquire()
            self._working = False
            self._waiting = [request for request in self._waiting if request.left and not request.fault]
            self._lock.notify_all()

    def _next_batch(self) -> list[Share[Answer]]:
        """Take an even share of rows from each request with the options whose turn it is; these then wait last."""
        options = self._waiting[0].options
        room = self._rows(options)
        served = [request for request in self._waiting if request.options == options][:room]
        shares: list[Share[Answer]] = []
        for number, request in enumerate(sorted(served, key=lambda request: len(request.left))):
            size = min(len(request.left), room // (len(served) - number))
            shares.append((request, [request.left.pop() for _ in range(size)]))
            room -= size
        others = [request for request in self._waiting if request not in served]
        self._waiting = [*others, *served]
        return shares

    def _answer(self, shares: list[Share[Answer]]) -> None:
        try:
            self._work_on(shares)
        except Exception:
            for share in shares:  # one request may be the cause: only that one is to fail
                try:
                    self._work_on([share])
                except Exception as fault:
                    share[0].fault = _in_own_rows(fault, *share)

    def _work_on(self, shares: list[Share[Answer]]) -> None:
        batch = [(request, row) for request, rows in shares for row in rows]
        numbers = [request.first + row for request, row in batch]
        answers = self._work([request.texts[row] for request, row in batch], batch[0][0].options, numbers)
        for (request, row), answer in zip(batch, answers, strict=True):
            request.answers[row] = request.keep(answer)


def _in_own_rows(fault: Exception, request: _Request[Answer], rows: Sequence[int]) -> Exception:
    """Renumber an `Unanswerable` from the rows of the batch to those of its request."""
    if isinstance(fault, Unanswerable):
        return Unanswerable(rows[fault.row], len(request.texts), fault.why)
    return fault
