"""Worker processes of this machine: each takes tasks, a line of JSON each, and answers each with a line of JSON.

A process that ends is started again, and its task is given again. Answers come in the order of the tasks.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol, TypeVar

from seqloom.artifact.full_disk import says_full
from seqloom.errors import UserError
from seqloom.interpreter import PYTHON_MODULE
from seqloom.parent_watchdog import end_with

MISTAKE, FULL = "mistake", "full"
"""Keys of an answer: the sentence of a user's mistake, and the folder whose disk is full; neither if all is well."""

_TRIES = 3  # processes that may end with the same task
Task = TypeVar("Task")


class WorkerTask(NamedTuple):
    """A task, and what is said if no process answers it."""

    text: str  # JSON
    subject: str  # what is read, such as a file
    remedy: str


class Answer(Protocol):
    """An answer that may not be there yet."""

    def result(self) -> str:
        """Wait for the answer."""
        ...

    def cancel(self) -> object:
        """Do without it."""
        ...


def answer_of(work: Callable[[], dict[str, Any]], folder: str) -> str:
    """Return the answer of some work in `folder` as JSON: what it returns, the user's mistake, or that it is full."""
    try:
        return json.dumps(work())
    except UserError as mistake:
        return json.dumps({MISTAKE: str(mistake)})
    except Exception as error:
        if says_full(error):
            return json.dumps({FULL: folder})
        raise


def read_answer(text: str) -> dict[str, Any]:
    """Return what a worker answered.

    Raises:
        UserError: of the user's mistake that it found.
        OSError: its disk is full.
    """
    found: dict[str, Any] = json.loads(text)
    if MISTAKE in found:
        raise UserError(found[MISTAKE])
    if FULL in found:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), found[FULL])
    return found


def in_order(submit: Callable[[Task], Answer], tasks: Iterable[Task], ahead: int) -> Generator[str, None, None]:
    """Submit tasks, at most so many ahead of the first that is not answered, and yield the answers in order."""
    waiting: deque[Answer] = deque()
    try:
        for task in tasks:
            waiting.append(submit(task))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for answer in waiting:
            answer.cancel()


@contextmanager
def process_answers(module: str, tasks: Iterable[WorkerTask], workers: int, ahead: int) -> Iterator[Iterator[str]]:
    """Start worker processes that run a module, and yield the answers in the order of the tasks as they come."""
    processes = [_WorkerProcess(module) for _ in range(workers)]
    idle: SimpleQueue[_WorkerProcess] = SimpleQueue()
    for process in processes:
        idle.put(process)

    def ask(task: WorkerTask) -> str:
        process = idle.get()
        try:
            return process.ask(task)
        finally:
            idle.put(process)

    pool = ThreadPoolExecutor(workers, "tasks")
    answers = in_order(lambda task: pool.submit(ask, task), tasks, ahead)
    try:
        yield answers
    finally:
        answers.close()
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.end()


def serve(answer: Callable[[str], str]) -> None:
    """Answer the tasks on stdin until there are no more, or the parent process, the first argument, is gone."""
    end_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process, and the parent ends us
    for task in sys.stdin:
        print(answer(task), flush=True)


class _WorkerProcess:
    """A worker process, which is started again if it ends."""

    def __init__(self, module: str) -> None:
        self._ended, self._module = False, module
        self._start()

    def _start(self) -> None:
        command = [*PYTHON_MODULE, self._module, str(os.getpid())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, task: WorkerTask) -> str:
        """Return the answer to a task.

        Raises:
            UserError: the process ended each time, as if memory were short.
        """
        for _ in range(_TRIES):
            if found := self._asked(task.text):
                return found
            if self._ended:
                break
            self._close()
            self._start()
        raise UserError(
            f"{task.subject}: {_TRIES} processes that read it ended without an answer, as they do when memory is "
            f"short; see the log above, free some, or {task.remedy}"
        )

    def _asked(self, task: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(task + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except (OSError, ValueError):  # it has ended
            return ""

    def end(self) -> None:
        """End the process."""
        self._ended = True
        self._close()

    def _close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream:
                    stream.close()
            except OSError:  # it ended with text in between
                pass
