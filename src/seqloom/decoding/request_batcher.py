"""Requests that come at the same time, answered in batches to which each of them brings some rows."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Condition
from typing import Generic, TypeVar

from seqloom.decoding.unanswerable import Unanswerable
from seqloom.errors import UserError

Answer = TypeVar("Answer")

Work = Callable[[Sequence[str], Hashable, Sequence[int]], list[Answer]]
"""Texts, options and the number of each text in its own request, to an answer each."""


@dataclass(eq=False)
class _Request(Generic[Answer]):
    texts: Sequence[str]
    options: Hashable
    first: int  # number of the first text
    keep: Callable[[Answer], Answer]
    left: list[int]  # rows that no batch has had, the next one last
    answers: dict[int, Answer] = field(default_factory=dict)
    fault: Exception | None = None

    @property
    def ended(self) -> bool:
        return self.fault is not None or len(self.answers) == len(self.texts)


Share = tuple[_Request[Answer], list[int]]
"""A request, and the rows of it that are in a batch."""


class RequestBatcher(Generic[Answer]):
    """A function of texts and options that many threads call at once, and that works for all who ask for the same.

    One thread works at a time, on one batch of `rows(options)` texts. Requests take turns, and those with the same
    options share: whoever asks little is answered with the next batch or the one after, however much others ask. So
    nobody waits for company either, and a server under load decodes whole batches. At most `room` rows wait.
    """

    def __init__(self, work: Work[Answer], rows: Callable[[Hashable], int], room: int) -> None:
        self._work = work
        self._rows = rows
        self._room = room
        self._door = Condition()  # held but for the work itself
        self._working = False
        self._waiting: list[_Request[Answer]] = []  # with rows that no batch has had, whose turn is next first

    def __call__(
        self,
        texts: Sequence[str],
        options: Hashable,
        first: int = 0,
        keep: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> list[Answer]:
        """One answer per text, in order, as `keep` makes it smaller as soon as it is there.

        Raises:
            UserError: too many rows wait already, or a text has no answer.
        """
        shortest_last = sorted(range(len(texts)), key=lambda row: -len(texts[row]))  # a batch has texts of one length
        request = _Request(texts, options, first, keep, shortest_last)
        with self._door:
            if self._waiting and sum(len(other.left) for other in self._waiting) + len(texts) > self._room:
                raise UserError(f"{self._room:,} rows of others wait for an answer here: ask again in a while")
            if texts:
                self._waiting.append(request)
            while not request.ended:
                if self._working:
                    self._door.wait()
                else:
                    self._lead()
        if request.fault:
            raise request.fault
        return [request.answers[row] for row in range(len(texts))]

    def _lead(self) -> None:
        """Work on one batch, whoever is in it."""
        shares = self._next_batch()
        self._working = True
        self._door.release()
        try:
            self._answer(shares)
        except BaseException:  # of this thread: a signal. Nobody else may wait for what it had taken
            for request, _ in shares:
                request.fault = request.fault or RuntimeError("whoever answered this was stopped: ask again")
            raise
        finally:
            self._door.acquire()
            self._working = False
            self._waiting = [request for request in self._waiting if request.left and not request.fault]
            self._door.notify_all()

    def _next_batch(self) -> list[Share[Answer]]:
        """As many rows of each request as of any other, as far as it has them; who was served goes to the end."""
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
            for share in shares:  # it may be the fault of one, who alone is to hear of it
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
    """A mistake that counts the rows of a batch, told to one who knows those of a request."""
    if isinstance(fault, Unanswerable):
        return Unanswerable(rows[fault.row], len(request.texts), fault.why)
    return fault
