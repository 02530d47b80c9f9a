"""Budget of requests and tokens of a run: counted for all threads, and for all attempts of a run tried again."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seqloom.artifact.full_disk import says_full
from seqloom.artifact.sqlite_file import SECONDS_FOR_OTHERS
from seqloom.distillation.teacher import BudgetSpent
from seqloom.errors import UserError

SPENT = "spent.db"  # beside the answers


@dataclass(frozen=True)
class RunRecord:
    """Where a run's requests and tokens are counted, so that its next attempt goes on from there."""

    file: Path
    run: str


class RequestBudget:
    """Counts requests and tokens, refuses those beyond a limit, and spaces the requests.

    A request is counted before it is made, on the disk where a record is given: no kill and no outage gives it back.
    Tokens are known with the answer, so that those under way may exceed their limit.
    """

    def __init__(self, requests: int, tokens: int, per_minute: int, record: RunRecord | None = None) -> None:
        """Take the limits, 0 for none; without a record they are those of this object.

        Raises:
            UserError: the record is damaged, or cannot be written now.
        """
        self._name = str(record.file) if record else SPENT
        self._limits = {"requests": requests, "tokens": tokens}
        self._pause = 60 / per_minute if per_minute else 0.0
        self._run = record.run if record else ""
        self._lock = threading.Lock()
        self._next = 0.0  # when the next request may start
        with self._told():
            file = record.file if record else ":memory:"
            self._database = sqlite3.connect(file, timeout=SECONDS_FOR_OTHERS, check_same_thread=False)
        with self._transaction() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS spent (run TEXT PRIMARY KEY, requests INTEGER NOT NULL DEFAULT 0, "
                "tokens INTEGER NOT NULL DEFAULT 0)"
            )
            database.execute("INSERT OR IGNORE INTO spent (run) VALUES (?)", (self._run,))

    @property
    def spent(self) -> tuple[int, int]:
        """Requests and tokens of the run so far."""
        with self._transaction() as database:
            requests, tokens = database.execute(
                "SELECT requests, tokens FROM spent WHERE run = ?", (self._run,)
            ).fetchone()
        return requests, tokens

    def take(self, stopped: threading.Event) -> None:
        """Count a request, and wait until it may be made.

        Raises:
            BudgetSpent: no more may be made.
            CancelledError: nobody wants its answer any more.
        """
        with self._transaction() as database:
            counted = database.execute(
                "UPDATE spent SET requests = requests + 1 WHERE run = :run "
                "AND (:requests = 0 OR requests < :requests) AND (:tokens = 0 OR tokens < :tokens)",
                {"run": self._run, **self._limits},
            ).rowcount
            if not counted:
                raise BudgetSpent
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._pause
        if stopped.wait(start - now):
            raise CancelledError

    def add(self, tokens: int) -> None:
        """Count the tokens of an answer."""
        with self._transaction() as database:
            database.execute("UPDATE spent SET tokens = tokens + ? WHERE run = ?", (tokens, self._run))

    def close(self) -> None:
        """Close the record."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._told(), self._lock, self._database:
            yield self._database

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:  # not the file's fault
            if says_full(error):
                raise
            raise UserError(
                f"{self._name} cannot be written now ({error}): see who may write it and who holds it, with ls -l and "
                "lsof; the answers so far are kept"
            ) from None
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"{self._name}: is no record of requests ({error}); remove it, and the run begins with its whole budget"
            ) from None
