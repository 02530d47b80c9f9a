"""Scheduler of the tasks of shards: in this process, in processes of this machine, or on a Dask cluster."""

import errno
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

from seqloom.corpus.shard_reader import Told
from seqloom.corpus.shard_task import ShardTask
from seqloom.corpus.shard_worker import FULL, MISTAKE
from seqloom.corpus.shards import Shard
from seqloom.errors import UserError
from seqloom.interpreter import PYTHON_MODULE

BYTES = 1 << 26  # of a large corpus; starting a process takes about as long as reading a tenth of it
_TRIES = 3  # processes that may end with the same task


def run_tasks(tasks: Sequence[ShardTask], scheduler: str, told: Told) -> None:
    """Run the tasks that are not done; `scheduler` is the address of a Dask cluster, or empty for this machine.

    Raises:
        UserError: of the first shard in order that has a mistake; or the cluster does not answer.
    """
    waiting = [task for task in tasks if not task.is_done]
    workers = min(len(os.sched_getaffinity(0)), len(waiting))
    if scheduler:
        from seqloom.corpus.dask_cluster import cluster_answers

        with cluster_answers(scheduler, [task.as_json() for task in waiting]) as answers:
            _take(waiting, answers, told)
    elif workers < 2 or not is_large([task.shard for task in waiting]):
        for task in waiting:
            task.run(told)
    else:
        with _process_answers(waiting, workers) as answers:
            _take(waiting, answers, told)


def is_large(shards: Sequence[Shard]) -> bool:
    """Return whether processes, and shards that are kept, are worth their cost."""
    return sum(shard.size for shard in shards) >= BYTES


def _take(tasks: Sequence[ShardTask], answers: Iterator[str], told: Told) -> None:
    """Raise what an answer tells, and report the rows of the others."""
    for task, text in zip(tasks, answers, strict=True):
        found = json.loads(text)
        if MISTAKE in found:
            raise UserError(found[MISTAKE])
        if FULL in found:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), found[FULL])
        for file in task.result().files:
            told(file.rows, file.origin)


@contextmanager
def _process_answers(tasks: Sequence[ShardTask], workers: int) -> Iterator[Iterator[str]]:
    """Start worker processes, and yield the answers in the order of the tasks as they come."""
    processes = [_WorkerProcess() for _ in range(workers)]
    idle: SimpleQueue[_WorkerProcess] = SimpleQueue()
    for process in processes:
        idle.put(process)

    def ask(task: ShardTask) -> str:
        process = idle.get()
        try:
            return process.ask(task)
        finally:
            idle.put(process)

    pool = ThreadPoolExecutor(workers, "shards")
    try:
        yield pool.map(ask, tasks)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.end()


class _WorkerProcess:
    """A worker process, which is started again if it ends."""

    def __init__(self) -> None:
        self._ended = False
        self._start()

    def _start(self) -> None:
        command = [*PYTHON_MODULE, "seqloom.corpus.shard_worker", str(os.getpid())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, task: ShardTask) -> str:
        """Return the answer to a task.

        Raises:
            UserError: the process ended each time, as if memory were short.
        """
        for _ in range(_TRIES):
            if found := self._asked(task.as_json()):
                return found
            if self._ended:
                break
            self._close()
            self._start()
        raise UserError(
            f"{task.shard.files[0][0].location}: {_TRIES} processes that read it ended without an answer, as they do "
            "when memory is short; see the log above, free some, or set corpus.max_characters lower"
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
